/** Who is not bound to one project. */
import type { Context } from '#platform/context.ts';

/** True for administrators, for services and for the cloud itself: they see all projects, and act for any. */
export function isPrivileged(ctx: Context): boolean {
  return ctx.internal || ctx.roles.has('admin') || ctx.roles.has('service');
}
