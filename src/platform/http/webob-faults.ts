/** Refusals as webob words them: in HTML, JSON or plain text, whichever the client would rather have. */
import type { Fault } from '../fault.ts';
import type { RefusedRequest } from './fault-bodies.ts';

/** What webob itself says of each status. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  403: 'Access was denied to this resource.',
  404: 'The resource could not be found.',
  409: 'There was a conflict when trying to complete your request.',
  413: 'The body of your request was too large for this server.',
  416: 'The Range requested is not available.',
  500: 'The server has either erred or is incapable of performing the requested operation.',
};

/**
 * The body for a fault. Its message takes the place of webob's own sentence for the status, except
 * when its code is the name of one of webob's classes (`HTTPForbidden`): then it follows that sentence.
 */
export function webobFault(
  fault: Fault,
  status: number,
  titles: Readonly<Record<number, string>>,
  request: RefusedRequest,
): { contentType: string; body: unknown } {
  const title = titles[status] ?? '';
  const line = `${status} ${title}`;
  switch (preferred(request.accept)) {
    case 'application/json': {
      const message = text(fault, status, request, (part) => part);
      return { contentType: 'application/json', body: { message, code: line, title } };
    }
    case 'text/html': {
      const body = text(fault, status, request, escapeHtml);
      return {
        contentType: 'text/html; charset=UTF-8',
        body:
          `<html>\n <head>\n  <title>${line}</title>\n </head>\n <body>\n` +
          `  <h1>${line}</h1>\n  ${body}\n </body>\n</html>`,
      };
    }
    default: {
      const body = withoutTags(text(fault, status, request, (part) => part));
      return { contentType: 'text/plain; charset=UTF-8', body: `${line}\n\n${body}` };
    }
  }
}

function text(
  fault: Fault,
  status: number,
  request: RefusedRequest,
  escape: (part: string) => string,
): string {
  // compat: what went wrong inside is nobody's business but the log's.
  if (fault.kind === 'internal') return `${SENTENCES[500]}<br /><br />\n\n\n`;
  if (status === 405) {
    return `The method ${escape(request.method)} is not allowed for this resource. <br /><br />\n`;
  }
  if (status === 415) {
    const type = escape(request.contentType);
    return `The request media type ${type} is not supported by this server.\n<br /><br />\n${escape(fault.message)}`;
  }
  const sentence = SENTENCES[status];
  if (!fault.code.startsWith('HTTP') || sentence === undefined || sentence === fault.message) {
    return `${escape(fault.message)}<br /><br />\n\n\n`;
  }
  return `${sentence}<br /><br />\n${escape(fault.message)}\n\n`;
}

/** The better liked of the two types that are offered; undefined when neither is wanted. */
function preferred(accept: string): 'text/html' | 'application/json' | undefined {
  const ranges = accept.split(',').map((item) => {
    const [range = '', ...params] = item.split(';').map((part) => part.trim().toLowerCase());
    const q = params.find((param) => param.startsWith('q='))?.slice(2);
    return { range, q: q === undefined ? 1 : Number(q) || 0 };
  });
  const liking = (type: string): number => {
    const group = `${type.split('/')[0]}/*`;
    // The most exact range that names the type decides.
    for (const name of [type, group, '*/*']) {
      const found = ranges.find(({ range }) => range === name);
      if (found) return found.q;
    }
    return 0;
  };
  const [html, json] = [liking('text/html'), liking('application/json')];
  if (html === 0 && json === 0) return undefined;
  return html >= json ? 'text/html' : 'application/json';
}

function withoutTags(body: string): string {
  return body
    .replaceAll('\n', ' ')
    .replaceAll('\r', '')
    .replaceAll(/<br.*?>/gi, '\n')
    .replaceAll(/<!--|-->/g, '')
    .replaceAll(/<.*?>/gs, '');
}

function escapeHtml(part: string): string {
  return part
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#x27;')
    .replaceAll(/[\u{80}-\u{10ffff}]/gu, (char) => `&#${char.codePointAt(0)};`);
}
