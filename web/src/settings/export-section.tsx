import { useState } from 'react';
import { ApiError } from '../api/problem';
import { errorMessage } from '../app/error-message';
import { formatSize } from '../attachments/files';
import { messages, useLanguage, useMessages } from '../i18n/i18n';
import { formatDateTime, useTimeZone } from '../i18n/time';
import { Button } from '../ui/controls';
import { DownloadIcon } from '../ui/icons';
import { showToast } from '../ui/toasts';
import { renewDownload, startExport, useExport, type Export } from './data';
import { Loaded, Section } from './section';
import css from './settings-page.module.css';

/** Export of the user's data. */
export function ExportSection() {
  const m = useMessages();
  const newest = useExport();
  const [isBusy, setBusy] = useState(false);
  const busyWith = (work: Promise<void>) => {
    setBusy(true);
    work.catch((error: unknown) => showToast(exportErrorMessage(error), { tone: 'bad' })).finally(() => setBusy(false));
  };
  return (
    <Section title={m.exportTitle}>
      <p className={css['soft']}>{m.exportText}</p>
      <Loaded query={newest} placeholder={<Placeholder />}>
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

function exportErrorMessage(error: unknown): string {
  return error instanceof ApiError && error.status === 429 ? messages().exportTooMany : errorMessage(error);
}

/** The same layout as without an export, the most common state. */
function Placeholder() {
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

/** Links are valid for five minutes, and the page may have been open for longer. */
async function download(): Promise<void> {
  const address = await renewDownload();
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
          formatSize(newest.bytes ?? 0, language),
          newest.expiresAt ? formatDateTime(newest.expiresAt, language, zone) : '',
        );
    }
  };
  return (
    <p role="status" className={css['soft']}>
      {text()}
    </p>
  );
}
