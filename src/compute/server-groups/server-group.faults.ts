/** What is refused of server groups. */
import { Fault } from '#platform/fault.ts';
import { badRequest, notFound } from '../compute.faults.ts';

export const groupNotFound = (id: string) => notFound(`Instance group ${id} could not be found.`);
/** The same, of a group that a scheduler hint names. */
export const hintedGroupNotFound = (id: string) =>
  badRequest(`Instance group ${id} could not be found.`);
export const rulesNeedAntiAffinity = () => badRequest('Only anti-affinity policy supports rules.');
export const tooManyGroups = () =>
  new Fault('over-quota', 'ServerGroupLimitExceeded', 'Quota exceeded, too many server groups.');
export const tooManyMembers = () =>
  new Fault('over-quota', 'GroupMemberLimitExceeded', 'Quota exceeded, too many servers in group');
