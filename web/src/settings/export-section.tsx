import { useState } from 'react';
import { inWords } from '../app/failure';
import { sizeInWords } from '../attachments/files';
import { useLanguage, useMessages } from '../i18n/i18n';
import { longMoment, useTimeZone } from '../i18n/time';
import { Button, buttonClass } from '../ui/controls';
import { DownloadIcon } from '../ui/icons';
import { say } from '../ui/toasts';
import { startExport, useExport, type Export } from './data';
import { Loaded, Section } from './section';
import css from './settings-page.module.css';

/** Everything of the user to take along. */
export function ExportSection() {
  const m = useMessages();
  const newest = useExport();
  const [isBusy, setBusy] = useState(false);
  const start = () => {
    setBusy(true);
    startExport()
      .catch((error: unknown) => say(inWords(error), { tone: 'bad' }))
      .finally(() => setBusy(false));
  };
  return (
    <Section title={m.exportTitle}>
      <p className={css['soft']}>{m.exportText}</p>
      <Loaded query={newest}>
        {(data) => (
          <div className={css['line']}>
            <State newest={data} />
            {data?.status === 'ready' && data.downloadUrl && (
              <a className={buttonClass('primary')} href={data.downloadUrl} rel="noopener" download>
                <DownloadIcon size={18} />
                {m.exportDownload}
              </a>
            )}
            <Button disabled={isBusy || data?.status === 'preparing'} onClick={start}>
              {m.exportStart}
            </Button>
          </div>
        )}
      </Loaded>
    </Section>
  );
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
