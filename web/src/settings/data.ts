// The user's profile, preferences and export.
import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { body, notificationsApi, usersApi } from '../api/clients';
import type { components as notifications } from '../api/generated/notifications';
import type { components } from '../api/generated/users';
import { ApiError } from '../api/problem';
import { queryClient } from '../app/query-client';
import { endSession } from '../auth/session';
import { liveState } from '../live/state';
import { useStore } from '../store';

export type Profile = components['schemas']['Profile'];
export type ProfileEdit = components['schemas']['ProfilePatch'];
export type Preferences = notifications['schemas']['Preferences'];
export type Export = components['schemas']['Export'];

export const profileQuery = queryOptions({ queryKey: ['profile'], queryFn: () => body(usersApi.GET('/me')) });

/** The user's profile. */
export const useProfile = (): UseQueryResult<Profile> => useQuery(profileQuery);

/** Changes the profile that the user saw with `version`; rejects with 412 when it is newer by now. */
export async function changeProfile(version: number, edit: ProfileEdit): Promise<void> {
  const params = { header: { 'If-Match': `"${version}"` } };
  try {
    queryClient.setQueryData(['profile'], await body(usersApi.PATCH('/me', { params, body: edit })));
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) await queryClient.refetchQueries({ queryKey: ['profile'] });
    throw error;
  }
}

/** The user's email settings. */
export function usePreferences(): UseQueryResult<Preferences> {
  return useQuery({ queryKey: ['preferences'], queryFn: () => body(notificationsApi.GET('/preferences', {})) });
}

/** Changes preferences: on the screen at once, and back when the service refuses. */
export async function changePreferences(edit: Partial<Omit<Preferences, 'version' | 'mailProblem'>>): Promise<void> {
  const key = ['preferences'];
  const before = queryClient.getQueryData<Preferences>(key);
  queryClient.setQueryData<Preferences>(key, (known?: Preferences) => known && { ...known, ...edit });
  try {
    queryClient.setQueryData(key, await body(notificationsApi.PATCH('/preferences', { body: edit })));
  } catch (error) {
    queryClient.setQueryData(key, before);
    throw error;
  }
}

/** The newest export; `null` without one. An event announces that it is ready. */
export function useExport(): UseQueryResult<Export | null> {
  const live = useStore(liveState);
  return useQuery({
    queryKey: ['export'],
    // The service answers 204 without an export.
    queryFn: async () => (await body(usersApi.GET('/me/export', {}))) ?? null,
    // Rarely while the socket is open, because its messages may be lost.
    refetchInterval: ({ state }) => {
      if (state.data?.status !== 'preparing') return false;
      return live === 'open' ? 20_000 : 5_000;
    },
  });
}

/** Starts an export of the user's data. */
export async function startExport(): Promise<void> {
  queryClient.setQueryData(['export'], await body(usersApi.POST('/me/export', {})));
}

/** A new download address of the archive; `null` if the archive has expired. */
export async function renewDownload(): Promise<string | null> {
  const newest = await body(usersApi.GET('/me/export', {}));
  queryClient.setQueryData(['export'], newest ?? null);
  return newest?.downloadUrl ?? null;
}

/**
 * Ends all sessions of the user, on every device. A refusal is an error, even if this device's session is over by then: it
 * may have ended alone, or another user may have signed in.
 */
export async function signOutEverywhere(): Promise<void> {
  await body(usersApi.POST('/me/sign-out', {}));
  await endSession('by-choice');
}

/** Deletes the account with a token of a recent sign-in. */
export async function deleteAccount(freshToken: string): Promise<void> {
  const response = await fetch('/api/me', { method: 'DELETE', headers: { authorization: `Bearer ${freshToken}` } });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => undefined));
}
