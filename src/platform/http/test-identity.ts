/** For tests: whom a token belongs to when nobody has to log in. */
import type { Identity } from '../context.ts';

/** A token is `project:role,role`; without roles, a member's. */
export function testIdentity(token: string): Identity {
  const [projectId = '', roles = 'member,reader'] = token.split(':');
  return {
    userId: `user-of-${projectId}`,
    userName: projectId,
    userDomainId: 'default',
    projectId,
    projectName: projectId,
    projectDomainId: 'default',
    domainId: '',
    systemScope: '',
    roles: new Set(roles.split(',')),
  };
}
