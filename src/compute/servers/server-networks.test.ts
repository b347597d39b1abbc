/** `networks` of POST /servers: its forms by microversion, and the order in which Nova refuses. */
import { NET_1, NET_2 } from '../fake/compute-world.ts';
import { BARE, MISSING, nets, PORT, testCases, type Case } from '../fake/create-cases.ts';

const OTHER_PORT = '55555555-5555-4555-8555-555555555555';

const FORMS: readonly Case[] = [
  {
    why: '2.1: by uuid and address',
    server: nets({ uuid: NET_1, fixed_ip: '10.0.0.9' }),
    status: 202,
  },
  { why: '2.1: a port of null is none', server: nets({ uuid: NET_1, port: null }), status: 202 },
  {
    why: '2.1: a tag is unknown',
    server: nets({ uuid: NET_1, tag: 't' }),
    status: 400,
    text: /Additional properties are not allowed \('tag' was unexpected\)/,
  },
  {
    why: '2.1: without uuid or port',
    server: nets({}),
    status: 400,
    text: "Bad network format: missing 'uuid'",
  },
  {
    why: '2.1: an address without uuid',
    server: nets({ fixed_ip: '10.0.0.9' }),
    status: 400,
    text: "Bad network format: missing 'uuid'",
  },
  {
    why: '2.1: no UUID',
    server: nets({ uuid: 'a-b' }),
    status: 400,
    text: 'Bad networks format: network uuid is not in proper format (a-b)',
  },
  {
    why: '2.1: words are no networks',
    server: { networks: 'auto' },
    status: 400,
    text: /'auto' is not of type 'array'/,
  },
  { why: '2.32: a tag', version: '2.32', server: nets({ uuid: NET_1, tag: 't' }), status: 202 },
  {
    why: '2.36: an absent key',
    version: '2.36',
    server: { networks: undefined },
    prepare: (world) => world.network.networks.delete(NET_2),
    status: 202,
  },
  {
    why: '2.37: networks are mandatory',
    version: '2.37',
    server: { networks: undefined },
    status: 400,
    text: /'networks' is a required property/,
  },
  {
    why: '2.37: no UUID is refused by the schema',
    version: '2.37',
    server: nets({ uuid: 'a-b' }),
    status: 400,
    text: /is not valid under any of the given schemas/,
  },
  {
    why: '2.37: the tag is lost',
    version: '2.37',
    server: nets({ uuid: NET_1, tag: 't' }),
    status: 400,
  },
  { why: '2.37: none', version: '2.37', server: { networks: 'none' }, status: 202 },
  {
    why: '2.42: the tag is back',
    version: '2.42',
    server: nets({ uuid: NET_1, tag: 't' }),
    status: 202,
  },
  {
    why: '2.42: a tag with a comma',
    version: '2.42',
    server: nets({ uuid: NET_1, tag: 'a,b' }),
    status: 400,
  },
  {
    why: '2.42: a tag of 61 characters',
    version: '2.42',
    server: nets({ uuid: NET_1, tag: 'a'.repeat(61) }),
    status: 400,
  },
  {
    why: '2.37: auto with one network',
    version: '2.37',
    server: { networks: 'auto' },
    prepare: (world) => world.network.networks.delete(NET_2),
    status: 202,
  },
  {
    why: '2.104: an empty list with one network',
    version: '2.104',
    server: nets(),
    prepare: (world) => world.network.networks.delete(NET_2),
    status: 202,
  },
];

const ORDER: readonly Case[] = [
  {
    why: 'row 2: a port twice',
    server: nets({ port: PORT }, { port: PORT }),
    status: 400,
    text: `Port ID '${PORT}' was specified twice: you cannot attach a port multiple times.`,
  },
  {
    why: 'row 2 before row 4 of an item behind it',
    server: nets({ port: PORT }, { port: PORT }, {}),
    status: 400,
    text: /specified twice/,
  },
  {
    why: 'row 3: a port with an address',
    server: nets({ port: PORT, fixed_ip: '10.0.0.9' }),
    status: 400,
    text: `Specified Fixed IP '10.0.0.9' cannot be used with port '${PORT}': the two cannot be specified together.`,
  },
  { why: 'row 4 before row 5', as: 'reader', server: nets({}), status: 403 },
  {
    why: 'row 6: no such flavor',
    server: { flavorRef: '4711' },
    status: 400,
    text: 'Flavor 4711 could not be found.',
  },
  {
    why: 'row 6 before row 7',
    server: { flavorRef: '4711', max_count: 2, ...nets({ uuid: NET_1, fixed_ip: '10.0.0.9' }) },
    status: 400,
    text: /Flavor/,
  },
  {
    why: 'row 7: several with one address',
    server: { max_count: 2, ...nets({ uuid: NET_1, fixed_ip: '10.0.0.9' }) },
    status: 400,
    text: 'Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.',
  },
  {
    why: 'row 8: several with one port',
    server: { max_count: 2, ...nets({ port: PORT }) },
    status: 400,
    text: 'Failed to launch instances: Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.',
  },
  {
    why: 'several on one network twice are fine',
    server: { max_count: 2, ...nets({ uuid: NET_1 }, { uuid: NET_1 }) },
    status: 202,
  },
  {
    why: 'row 9: no such image',
    server: { imageRef: MISSING },
    status: 400,
    text: 'Can not find requested image',
  },
  {
    why: 'row 9: no such zone',
    server: { availability_zone: 'mars' },
    status: 400,
    text: 'The requested availability zone is not available',
  },
  {
    why: 'row 9: no such group',
    server: { security_groups: [{ name: 'walls' }] },
    status: 400,
    text: "Unable to find security_group with name or id 'walls'",
  },
  {
    why: 'row 9: the default group is not looked up',
    server: { security_groups: [{ name: 'default' }] },
    status: 202,
  },
  {
    why: 'row 10: several networks',
    server: { networks: undefined },
    status: 409,
    text: 'Multiple possible networks found, use a Network ID to be more specific.',
  },
  {
    why: 'row 10: auto with several networks',
    version: '2.37',
    server: { networks: 'auto' },
    status: 409,
    text: /Multiple possible networks/,
  },
  {
    why: 'row 11: auto without a network',
    version: '2.37',
    server: { networks: 'auto' },
    prepare: (world) => world.network.networks.clear(),
    status: 400,
    text: 'Unable to automatically allocate a network for project red',
  },
  {
    why: 'without any network it gets no card',
    server: { networks: undefined },
    prepare: (world) => world.network.networks.clear(),
    status: 202,
  },
  {
    why: 'row 12: no such port',
    server: nets({ port: MISSING }),
    status: 400,
    text: `Port id ${MISSING} could not be found.`,
  },
  {
    why: 'row 12: a port of another project',
    as: 'red',
    server: nets({ port: PORT }),
    prepare: (world) => Object.assign(world.network.ports.get(PORT) ?? {}, { projectId: 'blue' }),
    status: 400,
    text: `Port id ${PORT} could not be found.`,
  },
  {
    why: 'row 13: a port in use',
    server: nets({ port: PORT }),
    prepare: (world) => Object.assign(world.network.ports.get(PORT) ?? {}, { deviceId: 'other' }),
    status: 409,
    text: `Port ${PORT} is still in use.`,
  },
  {
    why: 'row 14: a port without an address that should have one',
    server: nets({ port: PORT }),
    prepare: (world) => Object.assign(world.network.ports.get(PORT) ?? {}, { fixedIps: [] }),
    status: 400,
    text: `Port ${PORT} requires a FixedIP in order to be used.`,
  },
  {
    why: 'a port that was made without an address is fine',
    server: nets({ port: PORT }),
    prepare: (world) =>
      Object.assign(world.network.ports.get(PORT) ?? {}, { fixedIps: [], ipAllocation: 'none' }),
    status: 202,
  },
  {
    why: 'a port whose address comes later is fine',
    server: nets({ port: PORT }),
    prepare: (world) =>
      Object.assign(world.network.ports.get(PORT) ?? {}, {
        fixedIps: [],
        ipAllocation: 'deferred',
      }),
    status: 202,
  },
  {
    why: 'row 15: an address in use',
    server: nets({ uuid: NET_1, fixed_ip: '10.0.0.77' }),
    prepare: (world) =>
      void world.network.addPort(OTHER_PORT, NET_1, {
        deviceId: 'dev',
        fixedIps: [{ subnetId: 's', ip: '10.0.0.77' }],
      }),
    status: 400,
    text: 'Fixed IP address 10.0.0.77 is already in use on instance dev.',
  },
  {
    why: 'row 16: a network without a subnet',
    server: nets({ uuid: BARE }),
    status: 400,
    text: `Network ${BARE} requires a subnet in order to boot instances on.`,
  },
  {
    why: 'row 12 of a late item before row 16 of an early one',
    server: nets({ uuid: BARE }, { port: MISSING }),
    status: 400,
    text: `Port id ${MISSING} could not be found.`,
  },
  {
    why: 'row 16 before row 17',
    server: nets({ uuid: MISSING }, { uuid: BARE }),
    status: 400,
    text: /requires a subnet/,
  },
  {
    why: 'row 17: networks that are not there',
    server: nets({ uuid: MISSING }, { uuid: NET_1 }),
    status: 400,
    text: `Network ${MISSING} could not be found.`,
  },
  {
    why: 'row 18: no ports left',
    server: nets({ uuid: NET_1 }, { uuid: NET_1 }),
    prepare: (world) => Object.assign(world.network, { quota: 2 }),
    status: 403,
    text: 'Maximum number of ports exceeded',
  },
  {
    why: 'row 18: more ports than the quota already',
    prepare: (world) => Object.assign(world.network, { quota: 0 }),
    status: 403,
    text: 'The number of defined ports: 1 is over the limit: 0',
  },
  {
    why: 'row 18: ports that are given cost nothing',
    server: nets({ port: PORT }),
    prepare: (world) => Object.assign(world.network, { quota: 0 }),
    status: 202,
  },
  {
    why: 'a port wins over a network that is not there',
    server: nets({ port: PORT, uuid: MISSING }),
    status: 202,
  },
  {
    why: 'row 19: no such key',
    server: { key_name: 'k' },
    status: 400,
    text: 'Invalid key_name provided.',
  },
  {
    why: 'row 19: a resource request below 2.72',
    version: '2.71',
    server: nets({ port: PORT }),
    prepare: (world) =>
      Object.assign(world.network.ports.get(PORT) ?? {}, { hasResourceRequest: true }),
    status: 400,
    text: /is not supported until microversion 2.72/,
  },
  {
    why: 'row 19: a resource request from 2.72 on',
    version: '2.72',
    server: nets({ port: PORT }),
    prepare: (world) =>
      Object.assign(world.network.ports.get(PORT) ?? {}, { hasResourceRequest: true }),
    status: 202,
  },
];

const OURS: readonly Case[] = [
  {
    why: 'more cards than a guest has slots',
    server: { networks: Array.from({ length: 29 }, () => ({ uuid: NET_1 })) },
    status: 400,
    text: 'A server can have 28 interfaces at most, and 29 were asked for.',
  },
];

await testCases([...OURS, ...FORMS, ...ORDER]);
