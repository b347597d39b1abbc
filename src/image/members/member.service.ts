/** Projects that an image is shared with, and what they say to it. */
import type { Context } from '#platform/context.ts';
import type { MemberStatus } from '#platform/db/tables/image.ts';
import type { Db } from '#platform/db/tables.ts';
import * as faults from '../image.faults.ts';
import type { ImageAccess, SeenImage } from '../images/image-access.ts';
import * as store from './member.store.ts';
import type { MemberRow } from './member.store.ts';

export type MemberDeps = {
  readonly db: Db;
  readonly access: ImageAccess;
  readonly now: () => Date;
};

export const MOST_MEMBERS = 128;
const STATUSES: readonly unknown[] = ['pending', 'accepted', 'rejected'];

export class MemberService {
  readonly #deps: MemberDeps;

  constructor(deps: MemberDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, imageId: string): Promise<readonly MemberRow[]> {
    const { db, access } = this.#deps;
    const image = await access.getSeen(ctx, db, imageId, faults.imageGivenNotFound);
    if (image.visibility !== 'shared') throw faults.membersNotListed(imageId, faults.ONLY_SHARED);
    access.authorize(ctx, 'get_members', image);
    if (!access.allows(ctx, 'get_member', image)) return [];
    return await store.listMembers(db, imageId, this.#only(ctx, image));
  }

  async get(ctx: Context, imageId: string, memberId: string): Promise<MemberRow> {
    const { db, access } = this.#deps;
    const image = await access.getSeen(ctx, db, imageId, faults.imageGivenNotFound);
    // compat: what is forbidden is not found here, so that nothing is told of memberships.
    if (image.visibility !== 'shared') throw faults.hasNoMembers();
    if (!access.allows(ctx, 'get_member', image)) throw faults.nothingThere();
    return await this.#find(ctx, db, image, memberId);
  }

  async create(ctx: Context, imageId: string, memberId: string): Promise<MemberRow> {
    const { db, access, now } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, imageId, faults.imageGivenNotFound);
      const own = image.owner !== null && image.owner === ctx.projectId;
      if (image.visibility !== 'shared' || !(own || access.isAdmin(ctx))) {
        throw faults.membersNotAllowed('create', imageId);
      }
      access.authorize(ctx, 'add_member', image);
      const count = (await store.listMembers(tx, imageId)).length;
      if (count >= MOST_MEMBERS) throw faults.tooManyMembers(imageId, count + 1, MOST_MEMBERS);
      const at = now().toISOString();
      const member: MemberRow = {
        image_id: imageId,
        member_id: memberId,
        status: 'pending',
        created_at: at,
        updated_at: at,
      };
      if (!(await store.insertMember(tx, member))) throw faults.duplicateMember(memberId, imageId);
      return member;
    });
  }

  /** A member accepts or rejects an image. */
  async update(
    ctx: Context,
    imageId: string,
    memberId: string,
    status: unknown,
  ): Promise<MemberRow> {
    const { db, access, now } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, imageId, faults.imageGivenNotFound);
      const own = image.owner === ctx.projectId && !access.isAdmin(ctx);
      // compat: the owner shares an image; only the other project says what it thinks of it.
      if (image.visibility !== 'shared' || own) throw faults.membersNotAllowed('update', imageId);
      const member = await this.#find(ctx, tx, image, memberId);
      access.authorize(ctx, 'modify_member', image);
      if (!STATUSES.includes(status)) throw faults.badMembership();
      const changes = { status: status as MemberStatus, updated_at: now().toISOString() };
      await store.setMemberStatus(tx, member, changes.status, changes.updated_at);
      return { ...member, ...changes };
    });
  }

  async delete(ctx: Context, imageId: string, memberId: string): Promise<void> {
    const { db, access } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const image = await access.getSeen(ctx, tx, imageId, faults.imageGivenNotFound);
      const own = image.owner !== null && image.owner === ctx.projectId;
      if (image.visibility !== 'shared' || !(own || access.isAdmin(ctx))) {
        throw faults.membersNotAllowed('delete', imageId);
      }
      const member = await this.#find(ctx, tx, image, memberId);
      access.authorize(ctx, 'delete_member', image);
      await store.deleteMember(tx, member);
    });
  }

  async #find(ctx: Context, db: Db, image: SeenImage, memberId: string): Promise<MemberRow> {
    const only = this.#only(ctx, image);
    const [member] =
      only === undefined || only === memberId
        ? await store.listMembers(db, image.id, memberId)
        : [];
    if (!member) throw faults.memberNotFound(memberId, image.id);
    return member;
  }

  /** A member sees its own membership and no other. */
  #only(ctx: Context, image: SeenImage): string | undefined {
    const all = this.#deps.access.isAdmin(ctx) || image.owner === ctx.projectId;
    return all ? undefined : ctx.projectId;
  }
}
