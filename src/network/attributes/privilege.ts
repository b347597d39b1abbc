/** Who is not bound to one project. */
import type { Context } from '#platform/context.ts';

/** True for administrators and for the cloud itself. */
export function isAdministrator(ctx: Context): boolean {
  return ctx.internal || ctx.roles.has('admin');
}

/** True for services too: they see all projects, and act for any. */
export function isPrivileged(ctx: Context): boolean {
  return isAdministrator(ctx) || ctx.roles.has('service');
}
