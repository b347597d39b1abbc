/** Which limits may be set. Pure. */
import { badRequest, invalidInput } from '../compute.faults.ts';
import type { QuotaResource } from '../quota-defaults.ts';
import { MOST } from './quota-names.ts';

export type QuotaLimits = Readonly<Record<QuotaResource, number>>;

/** Limits as numbers. compat: they may come as text, which the schema's minimum says nothing about. */
export function parseLimits(
  member: 'quota_set' | 'quota_class_set',
  given: Readonly<Record<string, unknown>>,
): Partial<QuotaLimits> {
  const limits: Partial<Record<QuotaResource, number>> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === 'force') continue;
    const limit = Number(value);
    const wrong =
      limit < -1
        ? `${limit} is less than the minimum of -1`
        : limit > MOST
          ? `${limit} is greater than the maximum of ${MOST}`
          : null;
    if (wrong !== null) throw invalidInput({ path: [member, name], value, message: wrong }, 'body');
    limits[name as QuotaResource] = limit;
  }
  return limits;
}

/** Between which values a limit may be set; -1 is no bound above. */
export type Bounds = { readonly least: number; readonly most: number };

/** Refuses limits below what is used, and a user's above what the project has left. */
export function checkLimits(
  limits: Partial<QuotaLimits>,
  boundsOf: (name: QuotaResource) => Bounds,
): void {
  for (const [name, limit] of Object.entries(limits) as [QuotaResource, number][]) {
    const { least, most } = boundsOf(name);
    if (unbounded(limit) < unbounded(least)) {
      throw badRequest(
        `Quota limit ${limit} for ${name} must be greater than or equal to ` +
          `already used and reserved ${least}.`,
      );
    }
    if (unbounded(limit) > unbounded(most)) {
      throw badRequest(`Quota limit ${limit} for ${name} must be less than or equal to ${most}.`);
    }
  }
}

const unbounded = (limit: number) => (limit === -1 ? Number.POSITIVE_INFINITY : limit);

/** What a project's limit leaves to a user, beside what the limits of the others take. */
export function boundsOfUser(
  projectLimit: number,
  used: number,
  othersLimits: readonly number[],
): Bounds {
  if (projectLimit === -1) return { least: used, most: -1 };
  const taken = othersLimits.reduce((sum, limit) => sum + Math.max(limit, 0), 0);
  return { least: used, most: Math.max(projectLimit - taken, 0) };
}

/** A project must keep what it uses, and what its users were promised. */
export function boundsOfProject(used: number, usersLimits: readonly number[]): Bounds {
  const promised = usersLimits.reduce((sum, limit) => sum + Math.max(limit, 0), 0);
  return { least: Math.max(used, promised), most: -1 };
}
