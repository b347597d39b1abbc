/** /v2/images/{id}/members: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import { isJsonObject } from '#base/json.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { badMemberBody, bodyExpected } from '../image.faults.ts';
import { viewTime } from '../images/image.routes.ts';
import type { MemberService } from './member.service.ts';
import type { MemberRow } from './member.store.ts';

const OfImage = Type.Object({ id: Type.String() });
const Params = Type.Object({ id: Type.String(), member: Type.String() });

export function memberRoutes(app: ServiceApp, members: MemberService): void {
  app.get(
    '/v2/images/:id/members',
    { config: { policy: 'get_members' }, schema: { params: OfImage } },
    async (request) => ({
      members: (await members.list(request.ctx, request.params.id)).map(viewMember),
      schema: '/v2/schemas/members',
    }),
  );
  app.post(
    '/v2/images/:id/members',
    { config: { policy: 'add_member' }, schema: { params: OfImage } },
    async (request) => {
      const memberId = readMember(request.body);
      return viewMember(await members.create(request.ctx, request.params.id, memberId));
    },
  );
  app.get(
    '/v2/images/:id/members/:member',
    { config: { policy: 'get_member' }, schema: { params: Params } },
    async (request) => {
      const { id, member } = request.params;
      return viewMember(await members.get(request.ctx, id, member));
    },
  );
  app.put(
    '/v2/images/:id/members/:member',
    { config: { policy: 'modify_member' }, schema: { params: Params } },
    async (request) => {
      const { id, member } = request.params;
      const status = readStatus(request.body);
      return viewMember(await members.update(request.ctx, id, member, status));
    },
  );
  app.delete(
    '/v2/images/:id/members/:member',
    { config: { policy: 'delete_member' }, schema: { params: Params } },
    async (request, reply) => {
      const { id, member } = request.params;
      await members.delete(request.ctx, id, member);
      return await reply.code(204).send();
    },
  );
}

function readMember(body: unknown): string {
  if (body === null || body === undefined) throw bodyExpected();
  if (!isJsonObject(body)) {
    throw badMemberBody('Expected a member in the form: {"member": "image_id"}');
  }
  const { member } = body;
  if (member === undefined) throw badMemberBody('Member to be added not specified');
  if (member === null || member === '') throw badMemberBody("Member can't be empty");
  if (typeof member !== 'string' || member.length > 255) {
    throw badMemberBody('Expected a member in the form: {"member": "image_id"}');
  }
  return member;
}

function readStatus(body: unknown): unknown {
  if (body === null || body === undefined) throw bodyExpected();
  if (!isJsonObject(body)) {
    throw badMemberBody('Expected a status in the form: {"status": "status"}');
  }
  if (body['status'] === undefined) throw badMemberBody('Status not specified');
  return body['status'];
}

function viewMember(row: MemberRow): Record<string, unknown> {
  return {
    member_id: row.member_id,
    image_id: row.image_id,
    status: row.status,
    created_at: viewTime(row.created_at),
    updated_at: viewTime(row.updated_at),
    schema: '/v2/schemas/member',
  };
}
