import { useRef, useState, type SyntheticEvent } from 'react';
import { inWords } from '../app/failure';

export interface FormState {
  /** What went wrong with the last try, in words; empty when nothing did. */
  failure: string;
  isBusy: boolean;
  submit: (event: SyntheticEvent<HTMLFormElement>) => void;
  /** Runs something else than the form's own work with the same care. */
  run: (work: () => Promise<void>) => void;
}

/** A form that is sent once at a time and says what went wrong. `work` gets the fields by name. */
export function useForm(work: (field: (name: string) => string) => Promise<void>): FormState {
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isRunning = useRef(false);

  const run = (task: () => Promise<void>) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    setFailure('');
    task()
      .catch((error: unknown) => setFailure(inWords(error)))
      .finally(() => {
        isRunning.current = false;
        setBusy(false);
      });
  };
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    run(() =>
      work((name) => {
        const value = fields.get(name);
        return typeof value === 'string' ? value : '';
      }),
    );
  };
  return { failure, isBusy, submit, run };
}
