/** Answers of the metadata service as they travel: texts, listings, and pages for what is refused. Pure. */
import type { HttpAnswer } from '#base/host/metadata.ts';
import type { MetadataFile } from './content.ts';

const TYPES = {
  text: 'text/plain; charset=UTF-8',
  json: 'application/json',
  html: 'text/html; charset=UTF-8',
} as const;

export function answerText(text: string): HttpAnswer {
  return answer(200, 'text', Buffer.from(text));
}

export function answerLines(lines: readonly string[]): HttpAnswer {
  return answerText(lines.join('\n'));
}

export function answerFile({ type, bytes }: MetadataFile): HttpAnswer {
  return answer(200, type, bytes);
}

/** compat: what is told of a password is called a page, though it is plain text. */
export function answerPassword(password: string): HttpAnswer {
  return answer(200, 'html', Buffer.from(password));
}

export const notFound = (): HttpAnswer => refusal(404, 'The resource could not be found.');

export const badRequest = (why: string): HttpAnswer => refusal(400, why);

export const conflict = (): HttpAnswer =>
  refusal(409, 'There was a conflict when trying to complete your request.');

export function methodNotAllowed(method: string): HttpAnswer {
  const page = refusal(405, `The method ${method} is not allowed for this resource.`);
  return { ...page, headers: { ...page.headers, allow: 'GET, HEAD' } };
}

/** The same without what is in it. */
export function withoutBody(whole: HttpAnswer): HttpAnswer {
  return { ...whole, body: '' };
}

const TITLES: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
};

function refusal(status: number, why: string): HttpAnswer {
  const title = TITLES[status] ?? String(status);
  const page = `<html>
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
  ${escaped(why)}<br /><br />
 </body>
</html>
`;
  return answer(status, 'html', Buffer.from(page));
}

function answer(status: number, type: keyof typeof TYPES, bytes: Buffer): HttpAnswer {
  return {
    status,
    headers: { 'content-type': TYPES[type], 'content-length': String(bytes.length) },
    body: bytes.toString('base64'),
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
