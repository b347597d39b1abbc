/** /os-keypairs: HTTP in, HTTP out, no decisions. */
import { listOf, pageLink, type Query } from '#platform/http/list-query.ts';
import { linksOf, type ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import * as schema from './keypair.schema.ts';
import type { KeypairService } from './keypair.service.ts';
import type { KeypairRow } from './keypair.store.ts';

type Name = { Params: { name: string }; Querystring: Query };

/** A page is at most this long (Nova's `max_limit`). */
const MAX_LIMIT = 1000;
const policy = (verb: string) => ({ config: { policy: `os_compute_api:os-keypairs:${verb}` } });

/** Whose keys are meant; before 2.10 always the caller's. */
const ofUser = (query: Query, minor: number): string | undefined =>
  minor >= 10 ? listOf(query['user_id'])[0] : undefined;

export function keypairRoutes(keypairs: KeypairService, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>('/os-keypairs', policy('index'), async (request) => {
      const { microversion: minor } = request.ctx;
      const query = check.query(schema.KEYPAIR_LIST_QUERY, minor, request.query);
      const asked = Number(listOf(query['limit'])[0] ?? MAX_LIMIT);
      const limit = minor >= 35 ? Math.min(asked, MAX_LIMIT) : MAX_LIMIT;
      const rows = await keypairs.list(request.ctx, {
        userId: ofUser(query, minor),
        marker: minor >= 35 ? (listOf(query['marker'])[0] ?? null) : null,
        limit,
      });
      const last = rows.at(-1);
      const more = minor >= 35 && last !== undefined && rows.length === limit;
      return {
        keypairs: rows.map((row) => ({ keypair: viewKeypair(row, minor) })),
        ...(more && {
          keypairs_links: [
            { rel: 'next', href: pageLink(linksOf(request).self('os-keypairs'), query, last.name) },
          ],
        }),
      };
    });
    app.post('/os-keypairs', policy('create'), async (request, reply) => {
      const { ctx } = request;
      const body = check.body<schema.KeypairCreateBody>(
        schema.KEYPAIR_CREATE,
        ctx.microversion,
        request.body,
      );
      const { row, privateKey } = await keypairs.create(ctx, body);
      return await reply.code(ctx.microversion >= 2 ? 201 : 200).send({
        keypair: {
          ...viewKeypair(row, ctx.microversion),
          user_id: row.user_id,
          ...(privateKey !== null && { private_key: privateKey }),
        },
      });
    });
    app.get<Name>('/os-keypairs/:name', policy('show'), async (request) => {
      const { microversion: minor } = request.ctx;
      const query = check.query(schema.KEYPAIR_QUERY, minor, request.query);
      const row = await keypairs.get(request.ctx, request.params.name, ofUser(query, minor));
      return {
        keypair: {
          ...viewKeypair(row, minor),
          user_id: row.user_id,
          created_at: row.created_at.replace('Z', '000'),
          deleted: false,
          deleted_at: null,
          id: row.number,
          updated_at: null,
        },
      };
    });
    app.delete<Name>('/os-keypairs/:name', policy('delete'), async (request, reply) => {
      const { microversion: minor } = request.ctx;
      const query = check.query(schema.KEYPAIR_QUERY, minor, request.query);
      await keypairs.delete(request.ctx, request.params.name, ofUser(query, minor));
      return await reply.code(minor >= 2 ? 204 : 202).send();
    });
  };
}

function viewKeypair(row: KeypairRow, minor: number) {
  return {
    name: row.name,
    public_key: row.public_key,
    fingerprint: row.fingerprint,
    ...(minor >= 2 && { type: row.type }),
  };
}
