import { useState } from 'react';
import { ApiError } from '../api/problem';
import { inWords } from '../app/failure';
import { sizeInWords } from '../attachments/files';
import { messages, useLanguage, useMessages } from '../i18n/i18n';
import { longMoment, useTimeZone } from '../i18n/time';
import { Button } from '../ui/controls';
import { DownloadIcon } from '../ui/icons';
import { say } from '../ui/toasts';
import { freshDownload, startExport, useExport, type Export } from './data';
import { Loaded, Section } from './section';
import css from './settings-page.module.css';

/** Everything of the user to take along. */
export function ExportSection() {
  const m = useMessages();
  const newest = useExport();
  const [isBusy, setBusy] = useState(false);
  const busyWith = (work: Promise<void>) => {
    setBusy(true);
    work.catch((error: unknown) => say(exportInWords(error), { tone: 'bad' })).finally(() => setBusy(false));
  };
  return (
    <Section title={m.exportTitle}>
      <p className={css['soft']}>{m.exportText}</p>
      <Loaded query={newest} outline={<Outline />}>
        {(data) => (
          <div className={css['line']}>
            <State newest={data} />
            {data?.status === 'ready' && (
              <Button look="primary" disabled={isBusy} onClick={() => busyWith(download())}>
                <DownloadIcon size={18} />
                {m.exportDownload}
              </Button>
            )}
            <Button disabled={isBusy || data?.status === 'preparing'} onClick={() => busyWith(startExport())}>
              {m.exportStart}
            </Button>
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function exportInWords(error: unknown): string {
  return error instanceof ApiError && error.status === 429 ? messages().exportTooMany : inWords(error);
}

/** As it is without an export, which is how most find it. */
function Outline() {
  const m = useMessages();
  return (
    <div className={css['line']}>
      <p role="status" className={css['soft']}>
        {m.loading}
      </p>
      <Button disabled>{m.exportStart}</Button>
    </div>
  );
}

/** Links last for five minutes, and the page may have been open for longer. */
async function download(): Promise<void> {
  const address = await freshDownload();
  if (address) location.assign(address);
}

function State({ newest }: { newest: Export | null }) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const text = () => {
    switch (newest?.status) {
      case undefined:
        return m.exportNone;
      case 'preparing':
        return m.exportPreparing;
      case 'expired':
        return m.exportExpired;
      case 'failed':
        return m.exportFailed;
      case 'ready':
        return m.exportReady(
          sizeInWords(newest.bytes ?? 0, language),
          newest.expiresAt ? longMoment(newest.expiresAt, language, zone) : '',
        );
    }
  };
  return (
    <p role="status" className={css['soft']}>
      {text()}
    </p>
  );
}
