/** The pages of consoles, with noVNC: files that are known from the start, and no others. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CONSOLE_PATHS } from './console.rules.ts';

const OWN = join(import.meta.dirname, 'pages');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** A page runs nothing and speaks to nobody but where it came from. Dashboards may show it in a frame. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  // Its address holds a ticket.
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

type Page = { readonly type: string; readonly body: Buffer; readonly tag: string };

/** Anybody may read them, as they may read noVNC's: what a console shows is behind its door. */
export function consolePageRoutes(app: FastifyInstance): void {
  const files = listFiles();
  const pages = new Map<string, Page>();
  const read = (name: string): Page | undefined => {
    const path = files.get(name);
    if (path === undefined) return undefined;
    let page = pages.get(name);
    if (!page) {
      const body = readFileSync(path);
      const tag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
      page = { type: TYPES[extname(path)] ?? 'application/octet-stream', body, tag };
      pages.set(name, page);
    }
    return page;
  };
  const show = async (name: string, request: FastifyRequest, reply: FastifyReply) => {
    const page = read(name);
    if (!page) return reply.callNotFound();
    reply.headers(HEADERS).header('etag', page.tag).type(page.type);
    if (request.headers['if-none-match'] === page.tag) return await reply.code(304).send();
    return await reply.send(page.body);
  };

  const open = { config: { public: true } };
  app.get<{ Params: { '*': string } }>(
    '/novnc/*',
    open,
    async (request, reply) => await show(request.params['*'], request, reply),
  );
  app.get(
    CONSOLE_PATHS.serial,
    open,
    async (request, reply) => await show('serial.html', request, reply),
  );
}

/** Every file that is served, by its name below `/novnc/`. */
function listFiles(): ReadonlyMap<string, string> {
  const novnc = dirname(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))));
  return new Map([...within(novnc, 'core'), ...within(novnc, 'vendor'), ...within(OWN, '.')]);
}

function within(root: string, folder: string): (readonly [name: string, path: string])[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(root, path), path]);
}
