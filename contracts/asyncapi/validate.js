// Holds AsyncAPI documents against the official parser: `node validate.js <file>…`. Exit 1 when one is not valid.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const parser = new Parser();
let valid = true;
for (const path of process.argv.slice(2)) {
  const name = basename(path);
  const { document, diagnostics } = await parser.parse(await readFile(path, "utf8"), { source: path });
  const serious = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
  for (const { code, message, path: place } of serious) {
    console.error(`${name}: ${place.join(".")}: ${message} (${code})`);
  }
  valid &&= document !== undefined && serious.length === 0;
  if (document) {
    console.error(`${name}: ${document.channels().length} channels, ${document.operations().length} operations`);
  }
}
process.exitCode = valid ? 0 : 1;
