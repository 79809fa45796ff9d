import { useRef, useState, type DragEvent } from 'react';
import { errorMessage } from '../app/error-message';
import { useNow } from '../app/use-now';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { Button, IconButton, iconButtonClass } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { ClipIcon, CloseIcon, DownloadIcon, FileIcon, RetryIcon, TrashIcon } from '../ui/icons';
import { isolated, showToast } from '../ui/toasts';
import css from './attachments.module.css';
import { deleteAttachment, refreshAttachments, useAttachments, type Attachment } from './data';
import { isOverdue, formatSize, TYPES, type RejectionReason } from './files';
import { cancelUpload, retryUpload, startUploads, uploads, type Upload, type UploadRejection } from './uploads';

/** The files of an item: uploading, ready or rejected. */
export function Attachments({ todoId }: { todoId: string }) {
  const m = useMessages();
  const files = useAttachments(todoId);
  const underWay = useStore(uploads).filter((upload) => upload.todoId === todoId);
  // The service knows of a file before it has arrived.
  const announced = new Set(underWay.map(({ attachmentId }) => attachmentId));
  const listed = files.data?.filter(({ id }) => !announced.has(id));
  const [preview, setPreview] = useState<Attachment | null>(null);
  const [fileToDelete, setFileToDelete] = useState<Attachment | null>(null);
  const afterwards = useRef<HTMLElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const { isOver, ...drop } = useDrop((dropped) => startUploads(todoId, dropped));
  const remove = (file: Attachment) => {
    afterwards.current = neighbourRow(list.current, file) ?? add.current;
    afterwards.current?.focus();
    setFileToDelete(null);
    deleteAttachment(todoId, file.id).catch((error: unknown) => showToast(errorMessage(error), { tone: 'bad' }));
  };
  const ask = (file: Attachment) => {
    // When the dialog is cancelled, the focus returns to the button that opened it.
    afterwards.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    setFileToDelete(file);
  };

  return (
    <section className={css['place']} data-over={isOver} aria-labelledby="files-title" {...drop}>
      <header className={css['head']}>
        <h2 id="files-title">{m.attachments}</h2>
        <Button ref={add} onClick={() => chooser.current?.click()}>
          <ClipIcon size={18} />
          {m.attach}
        </Button>
        <input
          ref={chooser}
          type="file"
          multiple
          accept={TYPES.join(',')}
          hidden
          aria-label={m.attach}
          onChange={(event) => {
            startUploads(todoId, event.target.files ?? []);
            event.target.value = '';
          }}
        />
      </header>
      {files.isError && <p className={css['hint']}>{errorMessage(files.error)}</p>}
      <ul ref={list} className={css['list']}>
        {listed?.map((file) => (
          <Row
            key={file.id}
            file={file}
            onPreview={() => setPreview(file)}
            onRemove={() => (file.status === 'ready' ? ask(file) : remove(file))}
          />
        ))}
        {underWay.map((upload) => (
          <UploadRow key={upload.id} upload={upload} />
        ))}
      </ul>
      <p className={css['hint']}>{isOver ? m.dropHere : m.attachHint}</p>
      <Dialog
        title={isolated(preview?.name ?? '')}
        size="wide"
        isOpen={preview !== null}
        onOpenChange={(isOpen) => !isOpen && setPreview(null)}
      >
        {preview?.downloadUrl && <Picture file={preview} url={preview.downloadUrl} />}
      </Dialog>
      <Dialog
        title={m.removeFileTitle}
        isOpen={fileToDelete !== null}
        onOpenChange={(isOpen) => !isOpen && setFileToDelete(null)}
        finalFocus={afterwards}
      >
        {fileToDelete && (
          <>
            <p>{m.removeFileText(isolated(fileToDelete.name))}</p>
            <div className={actionsClass}>
              <Button onClick={() => setFileToDelete(null)}>{m.cancel}</Button>
              <Button look="danger" onClick={() => remove(fileToDelete)}>
                {m.deleteForGood}
              </Button>
            </div>
          </>
        )}
      </Dialog>
    </section>
  );
}

/** The delete button of the next file, or of the previous one. */
function neighbourRow(list: HTMLElement | null, file: Attachment): HTMLElement | null {
  const row = list?.querySelector(`[data-file="${file.id}"]`);
  const beside = row?.nextElementSibling ?? row?.previousElementSibling;
  return beside?.querySelector<HTMLElement>('button:last-child') ?? null;
}

interface RowProps {
  file: Attachment;
  onPreview: () => void;
  onRemove: () => void;
}

function Row({ file, onPreview, onRemove }: RowProps) {
  const m = useMessages();
  const language = useLanguage();
  const isStalled = isOverdue(file, useNow());
  const about = [formatSize(file.bytes, language), file.picture && `${file.picture.width} × ${file.picture.height}`];
  return (
    <li className={css['row']} data-file={file.id} data-status={isStalled ? 'lost' : file.status}>
      <Thumbnail file={file} onPreview={onPreview} />
      <div className={css['middle']}>
        <bdi className={css['name']}>{file.name}</bdi>
        {file.status === 'ready' && <span className={css['about']}>{about.filter(Boolean).join(' · ')}</span>}
        {file.status === 'uploading' && !isStalled && <span className={css['about']}>{m.checking}</span>}
        {isStalled && <span className={css['bad']}>{m.uploadFailed}</span>}
        {file.status === 'rejected' && (
          <span className={css['bad']}>
            {m.rejected}. {file.reason && m[receivedReason(file.reason)]}
          </span>
        )}
      </div>
      {file.downloadUrl && (
        <a
          className={iconButtonClass}
          href={file.downloadUrl}
          rel="noopener"
          download
          aria-label={m.download(file.name)}
          title={m.downloadShort}
        >
          <DownloadIcon size={18} />
        </a>
      )}
      <IconButton label={m.removeFile(file.name)} title={m.remove} onClick={onRemove}>
        <TrashIcon size={18} />
      </IconButton>
    </li>
  );
}

function Thumbnail({ file, onPreview }: { file: Attachment; onPreview: () => void }) {
  const m = useMessages();
  if (!file.thumbnailUrl) {
    return (
      <span className={css['thumbnail']}>
        <FileIcon />
      </span>
    );
  }
  return (
    <button type="button" className={css['thumbnail']} aria-label={m.preview(file.name)} onClick={onPreview}>
      {/* Requests a new address when this one has expired. */}
      <img src={file.thumbnailUrl} alt="" loading="lazy" onError={() => void refreshAttachments(file.todoId)} />
    </button>
  );
}

function Picture({ file, url }: { file: Attachment; url: string }) {
  const m = useMessages();
  return (
    <figure className={css['picture']}>
      <img src={url} alt={file.name} width={file.picture?.width} height={file.picture?.height} />
      <figcaption>
        <a href={url} rel="noopener" download>
          {m.downloadShort}
        </a>
      </figcaption>
    </figure>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const m = useMessages();
  const { name } = upload.file;
  const isUnderWay = upload.state === 'waiting' || upload.state === 'sending';
  return (
    <li className={css['row']} data-status={upload.state}>
      <span className={css['thumbnail']}>
        <FileIcon />
      </span>
      <div className={css['middle']}>
        <bdi className={css['name']}>{name}</bdi>
        {isUnderWay && (
          <progress
            className={css['progress']}
            value={upload.progress}
            max={1}
            aria-label={`${m.uploading}: ${name}`}
          />
        )}
        {upload.state === 'failed' && (
          <span className={css['bad']}>
            {m.uploadFailed}. {upload.rejection && m[REASONS[upload.rejection]]}
          </span>
        )}
        {upload.state === 'refused' && (
          <span className={css['bad']}>
            {m.rejected}. {upload.rejection && m[REASONS[upload.rejection]]}
          </span>
        )}
      </div>
      {upload.state === 'failed' && (
        <IconButton label={m.retryUpload(name)} title={m.tryAgain} onClick={() => retryUpload(upload.id)}>
          <RetryIcon size={18} />
        </IconButton>
      )}
      <IconButton
        label={isUnderWay ? m.cancelUpload(name) : `${m.close}: ${name}`}
        title={isUnderWay ? m.cancel : m.close}
        onClick={() => cancelUpload(upload.id)}
      >
        <CloseIcon size={18} />
      </IconButton>
    </li>
  );
}

const REASONS: Record<
  UploadRejection,
  | 'reasonEmpty'
  | 'reasonTooLarge'
  | 'reasonWrongType'
  | 'reasonBroken'
  | 'reasonTooManyPixels'
  | 'reasonUnsafe'
  | 'tooMany'
  | 'errorFileSpace'
> = {
  empty: 'reasonEmpty',
  'too-large': 'reasonTooLarge',
  'wrong-type': 'reasonWrongType',
  broken: 'reasonBroken',
  'too-many-pixels': 'reasonTooManyPixels',
  unsafe: 'reasonUnsafe',
  'too-many': 'tooMany',
  'no-space': 'errorFileSpace',
};

/** Why the service has refused a file. Its type was one of ours: a content of another type is a damaged file, too. */
const receivedReason = (reason: RejectionReason) => REASONS[reason === 'wrong-type' ? 'broken' : reason];

/** Accepts files dropped on an element, and reports while they hover over it. */
function useDrop(onFiles: (files: File[]) => void) {
  const [isOver, setOver] = useState(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  return {
    isOver,
    onDragOver: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent<HTMLElement>) => {
      if (event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return;
      setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
}
