/** Rules of security groups, and the template of new ones, over HTTP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setLimits } from '#platform/quota/quota.store.ts';
import { startExtras, type Answer } from '../extensions/testing.ts';
import { startNetwork } from '../testing.ts';

type Rule = { id: string; protocol: string | null; remote_group_id: string | null } & Record<
  string,
  unknown
>;
type Group = { id: string; revision_number: number; security_group_rules: Rule[] };
const ruleIn = (answer: Answer) =>
  (answer.body as { security_group_rule: Rule }).security_group_rule;
const rulesIn = (answer: Answer) =>
  (answer.body as { security_group_rules: Rule[] }).security_group_rules;
const groupIn = (answer: Answer) => (answer.body as { security_group: Group }).security_group;

type Cloud = Awaited<ReturnType<typeof startExtras>>;

const makeGroup = async (cloud: Cloud, project = 'red') =>
  groupIn(await cloud.as(project).post('/security-groups', { security_group: { name: 'web' } })).id;

test('POST /v2.0/security-group-rules makes a rule, and its group counts it', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const red = cloud.as('red');
  const made = await red.post('/security-group-rules', {
    security_group_rule: {
      security_group_id,
      direction: 'ingress',
      protocol: 6,
      port_range_min: '22',
      port_range_max: 22,
      remote_ip_prefix: '10.2.3.124/24',
    },
  });
  assert.equal(made.status, 201, made.error);
  const rule = ruleIn(made);
  assert.deepEqual(rule, {
    id: rule.id,
    project_id: 'red',
    tenant_id: 'red',
    security_group_id,
    ethertype: 'IPv4',
    direction: 'ingress',
    protocol: '6',
    port_range_min: 22,
    port_range_max: 22,
    remote_ip_prefix: '10.2.3.124/24',
    remote_address_group_id: null,
    remote_group_id: null,
    normalized_cidr: '10.2.3.0/24',
    belongs_to_default_sg: false,
    description: '',
    revision_number: 0,
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
  });
  assert.deepEqual(ruleIn(await red.get(`/security-group-rules/${rule.id}`)), rule);
  const group = groupIn(await red.get(`/security-groups/${security_group_id}`));
  assert.deepEqual([group.revision_number, group.security_group_rules.length], [2, 3]);
  assert.equal((await red.delete(`/security-group-rules/${rule.id}`)).status, 204);
  assert.equal(
    (await red.get(`/security-group-rules/${rule.id}`)).error,
    `SecurityGroupRuleNotFound: Security group rule ${rule.id} does not exist`,
  );
  const after = groupIn(await red.get(`/security-groups/${security_group_id}`));
  assert.deepEqual([after.revision_number, after.security_group_rules.length], [3, 2]);
});

test('a rule that says what another says is refused, however it is written', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const red = cloud.as('red');
  const rule = { security_group_id, direction: 'ingress', ethertype: 'IPv6', protocol: 'icmp' };
  const first = ruleIn(await red.post('/security-group-rules', { security_group_rule: rule }));
  assert.equal(first.protocol, 'ipv6-icmp');
  const again = await red.post('/security-group-rules', {
    security_group_rule: { ...rule, protocol: '58', description: 'again' },
  });
  assert.equal(
    again.error,
    `SecurityGroupRuleExists: Security group rule already exists. Rule id is ${first.id}.`,
  );
  assert.equal(again.status, 409);
});

test('several rules are made together, or none', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const red = cloud.as('red');
  const rule = { security_group_id, direction: 'ingress', protocol: 'tcp' };
  const made = await red.post('/security-group-rules', {
    security_group_rules: [rule, { ...rule, protocol: 'udp' }],
  });
  assert.equal(made.status, 201, made.error);
  assert.deepEqual(
    rulesIn(made).map(({ protocol }) => protocol),
    ['tcp', 'udp'],
  );
  const twice = await red.post('/security-group-rules', {
    security_group_rules: [
      { ...rule, protocol: 'sctp' },
      { ...rule, protocol: 132 },
    ],
  });
  assert.equal(
    twice.error,
    'DuplicateSecurityGroupRuleInPost: Duplicate Security Group Rule in POST.',
  );
  const elsewhere = { ...rule, protocol: 'sctp', security_group_id: await makeGroup(cloud) };
  const mixed = await red.post('/security-group-rules', {
    security_group_rules: [{ ...rule, protocol: 'sctp' }, elsewhere],
  });
  assert.match(mixed.error, /^SecurityGroupNotSingleGroupRules: /);
  const seen = rulesIn(
    await red.get(`/security-group-rules?security_group_id=${security_group_id}`),
  );
  assert.equal(seen.length, 4);
});

test('remotes must be there, and rules go with the group that they name', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const remote = await makeGroup(cloud);
  const foreign = await makeGroup(cloud, 'blue');
  const red = cloud.as('red');
  const post = async (members: object) =>
    await red.post('/security-group-rules', {
      security_group_rule: { security_group_id, direction: 'ingress', ...members },
    });
  for (const id of [foreign, randomUUID(), 'bad_group_id']) {
    const refused = await post({ remote_group_id: id });
    assert.equal(refused.error, `SecurityGroupNotFound: Security group ${id} does not exist`);
  }
  const missing = randomUUID();
  assert.equal(
    (await post({ remote_address_group_id: missing })).error,
    `AddressGroupNotFound: Address group ${missing} could not be found.`,
  );
  const made = await post({ remote_group_id: remote });
  assert.equal(made.status, 201, made.error);
  assert.equal((await red.delete(`/security-groups/${remote}`)).status, 204);
  assert.equal((await red.get(`/security-group-rules/${ruleIn(made).id}`)).status, 404);
});

test('only the owner of a group and administrators make rules in it; the owner sees them all', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const rule = { security_group_id, direction: 'ingress', protocol: 'tcp' };
  const refused = await cloud
    .as('blue')
    .post('/security-group-rules', { security_group_rule: rule });
  assert.equal(
    refused.error,
    'PolicyNotAuthorized: rule:create_security_group_rule is disallowed by policy',
  );
  const missing = randomUUID();
  const nowhere = await cloud.as('blue').post('/security-group-rules', {
    security_group_rule: { ...rule, security_group_id: missing },
  });
  assert.equal(nowhere.error, `SecurityGroupNotFound: Security group ${missing} does not exist`);
  const made = ruleIn(
    await cloud.as('ops:admin').post('/security-group-rules', { security_group_rule: rule }),
  );
  assert.equal(made['project_id'], 'ops');
  assert.equal((await cloud.as('red').get(`/security-group-rules/${made.id}`)).status, 200);
  assert.equal((await cloud.as('blue').get(`/security-group-rules/${made.id}`)).status, 404);
  assert.equal((await cloud.as('blue').delete(`/security-group-rules/${made.id}`)).status, 404);
  const listed = rulesIn(await cloud.as('red').get('/security-group-rules?protocol=tcp'));
  assert.deepEqual(
    listed.map(({ id }) => id),
    [made.id],
  );
  assert.deepEqual(rulesIn(await cloud.as('blue').get('/security-group-rules?protocol=tcp')), []);
});

test('a project may have only so many rules, those of new groups among them', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  await setLimits(cloud.db, 'network', 'red', { security_group_rule: 7 });
  const red = cloud.as('red');
  const post = async (protocol: string) =>
    await red.post('/security-group-rules', {
      security_group_rule: { security_group_id, direction: 'ingress', protocol },
    });
  assert.equal((await post('tcp')).status, 201);
  const full = "OverQuota: Quota exceeded for resources: ['security_group_rule'].";
  assert.equal((await post('udp')).error, full);
  assert.equal((await red.post('/security-groups', { security_group: {} })).error, full);
});

test('a rule cannot be changed', async () => {
  await using cloud = await startExtras();
  await makeGroup(cloud);
  const [rule] = rulesIn(await cloud.as('red').get('/security-group-rules'));
  const answer = await cloud
    .as('red')
    .put(`/security-group-rules/${rule?.id}`, { security_group_rule: { protocol: 'udp' } });
  assert.equal(answer.error, 'HTTPBadRequest: Cannot update read-only attribute protocol');
});

test('rules of default groups say so and can be asked for', async () => {
  await using cloud = await startExtras();
  await makeGroup(cloud);
  const red = cloud.as('red');
  const listed = rulesIn(await red.get('/security-group-rules?belongs_to_default_sg=True'));
  assert.equal(listed.length, 4);
  assert.ok(listed.every((rule) => rule['belongs_to_default_sg'] === true));
  assert.equal(
    rulesIn(await red.get('/security-group-rules?belongs_to_default_sg=False')).length,
    2,
  );
});

test('new groups begin with the rules of the template, which administrators change', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as('ops:admin,reader');
  const path = '/default-security-group-rules';
  type Template = { default_security_group_rules: Rule[] };
  const first = ((await admin.get(path)).body as Template).default_security_group_rules;
  assert.equal(first.length, 4);
  const rule = { direction: 'ingress', protocol: 'tcp', port_range_min: 22, port_range_max: 22 };
  const wanted = { ...rule, used_in_default_sg: true, used_in_non_default_sg: false };
  const made = await admin.post(path, { default_security_group_rule: wanted });
  assert.equal(made.status, 201, made.error);
  const { id } = (made.body as { default_security_group_rule: Rule }).default_security_group_rule;
  assert.match(
    (await admin.post(path, { default_security_group_rule: wanted })).error,
    new RegExp(`Default Security group rule already exists. Rule id is ${id}.`),
  );
  const egress = first.find((one) => one['ethertype'] === 'IPv6' && one['direction'] === 'egress');
  assert.equal((await admin.delete(`${path}/${egress?.id}`)).status, 204);
  const group = groupIn(await cloud.as('red').get(`/security-groups/${await makeGroup(cloud)}`));
  assert.equal(group.security_group_rules.length, 1);
  const inDefault = rulesIn(await cloud.as('red').get('/security-group-rules?protocol=tcp'));
  assert.equal(inDefault.length, 1);
  const forbidden = await cloud.as('red').post(path, { default_security_group_rule: wanted });
  assert.equal(forbidden.status, 403);
  assert.equal((await cloud.as('red').delete(`${path}/${id}`)).status, 403);
});

const firstRuleOf = ({ security_group_rules: [rule] }: Group) =>
  `/v2.0/security-group-rules/${rule?.id}`;

test('an operator may keep the rules of default groups from being deleted', async () => {
  await using net = await startNetwork({
    policyOverrides: {
      delete_security_group_rule: 'rule:admin_or_sg_owner and not rule:rule_default_sg',
    },
  });
  const red = net.as('red');
  const own = await red.make('security_group', { name: 'web' });
  const { security_groups } = (await red.get('/v2.0/security-groups?name=default')).body;
  assert.equal((await red.delete(firstRuleOf(own))).status, 204);
  assert.equal(
    (await red.delete(firstRuleOf(security_groups[0]))).error,
    'PolicyNotAuthorized: rule:delete_security_group_rule is disallowed by policy',
  );
});

test('rules are sorted by description', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  const rules = ['b', 'c', 'a'].map((description, index) => ({
    security_group_rule: { security_group_id, direction: 'ingress', protocol: index, description },
  }));
  await cloud.as('red').post('/security-group-rules', { security_group_rules: rules });
  const query = `security_group_id=${security_group_id}&protocol=0&protocol=1&protocol=2`;
  const sorted = await cloud
    .as('red')
    .get(`/security-group-rules?${query}&sort_key=description&sort_dir=desc`);
  assert.deepEqual(
    rulesIn(sorted).map(({ description }) => description),
    ['c', 'b', 'a'],
  );
});

test('a quota is asked before the policy, and all rules of a request together', async () => {
  await using cloud = await startExtras();
  const security_group_id = await makeGroup(cloud);
  await setLimits(cloud.db, 'network', 'red', { security_group: 2, security_group_rule: 7 });
  const rule = (protocol: number) => ({
    security_group_rule: { security_group_id, direction: 'ingress', protocol },
  });
  const post = async (who: string, protocols: readonly number[]) =>
    (
      await cloud
        .as(who)
        .post('/security-group-rules', { security_group_rules: protocols.map(rule) })
    ).error;
  const full = "OverQuota: Quota exceeded for resources: ['security_group_rule'].";
  assert.equal(await post('red', [1, 2]), full);
  assert.match(await post('red:reader', [1]), /^PolicyNotAuthorized/);
  assert.equal(await post('red', [1]), '');
  assert.equal(await post('red:reader', [2]), full);
  const group = { security_group: { name: 'w' } };
  assert.match((await cloud.as('red:reader').post('/security-groups', group)).error, /^OverQuota/);
});
