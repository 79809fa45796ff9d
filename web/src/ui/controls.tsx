import { useId, useState, type ComponentProps, type ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { EyeIcon, EyeOffIcon } from './icons';
import css from './controls.module.css';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

/** The classes of a button, for a link that looks like one. */
export const buttonClass = (look: Look): string => `${css['button']} ${css[look]}`;

/** A button with a text. */
export function Button({ look = 'plain', className = '', ...rest }: ComponentProps<'button'> & { look?: Look }) {
  return <button type="button" className={`${buttonClass(look)} ${className}`} {...rest} />;
}

/** A button with an icon only; its label is for screen readers and the tooltip. */
export function IconButton({ label, className = '', ...rest }: ComponentProps<'button'> & { label: string }) {
  return <button type="button" aria-label={label} title={label} className={`${css['icon']} ${className}`} {...rest} />;
}

export const iconButtonClass = css['icon'] ?? '';

interface FieldProps extends ComponentProps<'input'> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A text field with label, hint and error message. */
export function Field({ label, hint, error, id: givenId, ...rest }: FieldProps) {
  const madeId = useId();
  const id = givenId ?? madeId;
  return (
    <div className={css['field']}>
      <label className={css['label']} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={css['input']}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-about` : undefined}
        {...rest}
      />
      <About id={`${id}-about`} hint={hint} error={error} />
    </div>
  );
}

/** A password field with a button that shows the text. */
export function PasswordField({ label, hint, error, ...rest }: FieldProps) {
  const id = useId();
  const m = useMessages();
  const [isShown, setShown] = useState(false);
  return (
    <div className={css['field']}>
      <label className={css['label']} htmlFor={id}>
        {label}
      </label>
      <div className={css['withButton']}>
        <input
          id={id}
          className={css['input']}
          type={isShown ? 'text' : 'password'}
          aria-invalid={error ? true : undefined}
          aria-describedby={hint || error ? `${id}-about` : undefined}
          {...rest}
        />
        <IconButton
          label={isShown ? m.hidePassword : m.showPassword}
          aria-pressed={isShown}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? <EyeOffIcon /> : <EyeIcon />}
        </IconButton>
      </div>
      <About id={`${id}-about`} hint={hint} error={error} />
    </div>
  );
}

/** What went wrong with a form as a whole; read out as it appears. */
export function Alert({ children }: { children: ReactNode }) {
  return (
    <div role="alert" className={css['alert']}>
      {children}
    </div>
  );
}

/** Good news about a form as a whole. */
export function Note({ children }: { children: ReactNode }) {
  return (
    <div role="status" className={css['note']}>
      {children}
    </div>
  );
}

interface EmptyProps {
  glyph: ReactNode;
  title: string;
  /** `h1` where this is all that the page shows. */
  heading?: 'h1' | 'h2';
  children: ReactNode;
}

/** An empty state: a title, an explanation and actions. */
export function Empty({ glyph, title, heading: Heading = 'h2', children }: EmptyProps) {
  return (
    <div className={css['empty']}>
      <div className={css['glyph']}>{glyph}</div>
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

/** The placeholder of a list that is loading. */
export function Skeleton() {
  const m = useMessages();
  return (
    <div className={css['bones']} role="status">
      <span className="visually-hidden">{m.loading}</span>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </div>
  );
}

export const inputClass = css['input'] ?? '';
export const labelClass = css['label'] ?? '';
export const fieldClass = css['field'] ?? '';

function About({ id, hint, error }: { id: string; hint: string | undefined; error: string | undefined }) {
  if (!hint && !error) return null;
  return (
    <p id={id} className={error ? css['error'] : css['hint']}>
      {error ?? hint}
    </p>
  );
}
