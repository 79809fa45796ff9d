import { useRef, useState, type SyntheticEvent } from 'react';
import { errorMessage } from '../app/error-message';

export interface FormState {
  /** The error message of the last try; empty without an error. */
  failure: string;
  isBusy: boolean;
  submit: (event: SyntheticEvent<HTMLFormElement>) => void;
  /** Runs another task with the same busy state and error message. */
  run: (work: () => Promise<void>) => void;
}

/** A form that is sent once at a time and shows its error message. `work` gets the fields by name. */
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
      .catch((error: unknown) => setFailure(errorMessage(error)))
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
