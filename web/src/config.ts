/** The settings of the environment. They are not part of the bundle, so that one build serves every environment. */
export interface Config {
  region: string;
  userPoolId: string;
  userPoolClientId: string;
  /** The endpoint of the user pool; `null` for Amazon Cognito itself. */
  cognitoEndpoint: string | null;
  /** The address of the WebSocket API; `null` or empty without one. */
  websocketUrl: string | null;
  env: string;
}

/**
 * Reads `/config.json`. Rejects if it is missing or names no user pool. The document preloads it, and its headers prevent
 * caching.
 */
export async function loadConfig(): Promise<Config> {
  const response = await fetch('/config.json');
  if (!response.ok) throw new Error(`/config.json answered ${response.status}; the deployment writes it`);
  const config = (await response.json()) as Config;
  if (!config.userPoolId || !config.userPoolClientId) {
    throw new Error('/config.json names no user pool; deploy the page again');
  }
  return config;
}
