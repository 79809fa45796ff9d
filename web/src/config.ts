/** What the deployment says about itself; it is never part of the bundle, so one build serves every environment. */
export interface Config {
  region: string;
  userPoolId: string;
  userPoolClientId: string;
  /** Where the user pool answers; `null` for Amazon Cognito itself. */
  cognitoEndpoint: string | null;
  /** Where live changes come from; `null` or empty while nothing pushes. */
  websocketUrl: string | null;
  env: string;
}

/**
 * Reads `/config.json`. Rejects when it is missing or holds no user pool. The document has asked for it already, and its
 * own headers say that it is not to be kept.
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
