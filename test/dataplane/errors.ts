/** Errors as text that says everything a person needs who only sees the text. */

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail = 'detail' in error ? `\n${JSON.stringify(error.detail)}` : '';
  const cause = error.cause === undefined ? '' : `\ncaused by: ${errorText(error.cause)}`;
  return `${error.stack ?? error.message}${detail}${cause}`;
}
