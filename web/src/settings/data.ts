// The user's profile and preferences.
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { body, notificationsApi, usersApi } from '../api/clients';
import type { components as notifications } from '../api/generated/notifications';
import type { components } from '../api/generated/users';
import { ApiError } from '../api/problem';
import { queryClient } from '../app/query-client';

export type Profile = components['schemas']['Profile'];
export type ProfileEdit = components['schemas']['ProfilePatch'];
export type Preferences = notifications['schemas']['Preferences'];

/** The user's profile. */
export function useProfile(): UseQueryResult<Profile> {
  return useQuery({ queryKey: ['profile'], queryFn: () => body(usersApi.GET('/me')) });
}

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

/** Which mails the user wants. */
export function usePreferences(): UseQueryResult<Preferences> {
  return useQuery({ queryKey: ['preferences'], queryFn: () => body(notificationsApi.GET('/preferences', {})) });
}

/** Changes preferences: on the screen at once, and back when the service refuses. */
export async function changePreferences(edit: Partial<Omit<Preferences, 'version'>>): Promise<void> {
  const key = ['preferences'];
  const before = queryClient.getQueryData<Preferences>(key);
  queryClient.setQueryData<Preferences>(key, (known) => known && { ...known, ...edit });
  try {
    queryClient.setQueryData(key, await body(notificationsApi.PATCH('/preferences', { body: edit })));
  } catch (error) {
    queryClient.setQueryData(key, before);
    throw error;
  }
}

/** Deletes the account, with a token that proves who is asking. */
export async function deleteAccount(freshToken: string): Promise<void> {
  const response = await fetch('/api/me', { method: 'DELETE', headers: { authorization: `Bearer ${freshToken}` } });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => undefined));
}
