import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError, SignedOut } from '../api/problem';
import { endSession } from '../auth/session';
import { signOutEverywhere } from './data';

const post = vi.fn<() => Promise<unknown>>();

vi.mock('../auth/session', () => ({ endSession: vi.fn() }));
vi.mock('../live/state', () => ({ liveState: {} }));
vi.mock('../api/clients', () => ({
  body: (answer: Promise<unknown>) => answer,
  usersApi: { POST: () => post() },
}));

beforeEach(() => vi.mocked(endSession).mockClear());

test('a sign-out on all devices ends the session of this one', async () => {
  post.mockResolvedValue(undefined);
  await signOutEverywhere();
  expect(endSession).toHaveBeenCalledExactlyOnceWith('by-choice');
});

test.each([new SignedOut('another user has signed in'), new ApiError(401, undefined), new ApiError(500, undefined)])(
  'a sign-out on all devices that is refused is an error and ends no session: %s',
  async (refusal) => {
    post.mockRejectedValue(refusal);
    await expect(signOutEverywhere()).rejects.toBe(refusal);
    expect(endSession).not.toHaveBeenCalled();
  },
);
