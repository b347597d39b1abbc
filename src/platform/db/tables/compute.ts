/** The tables of the compute service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
import type { Flag } from '../tables.ts';

export type VmState = 'building' | 'active' | 'paused' | 'stopped' | 'error' | 'deleted';

/** What is being done to a server. Nova has more; these are the ones that happen here. */
export type TaskState =
  | 'scheduling'
  | 'networking'
  | 'spawning'
  | 'powering-off'
  | 'powering-on'
  | 'pausing'
  | 'unpausing'
  | 'rebooting'
  | 'rebooting_hard'
  | 'rebuilding'
  | 'rebuild_spawning'
  | 'deleting';

export interface ServersTable {
  id: string;
  /** Counts up; makes `instance-0000001f`. */
  number: number;
  project_id: string;
  user_id: string;
  name: string;
  description: string | null;
  hostname: string;
  reservation_id: string;
  launch_index: number;
  vm_state: VmState;
  task_state: TaskState | null;
  /** Nova's numbers: 0 no state, 1 running, 3 paused, 4 shut down, 6 crashed. */
  power_state: number;
  locked_by: 'owner' | 'admin' | null;
  locked_reason: string | null;
  /** '' until a host was chosen. */
  host: string;
  /** '' until a host was chosen. */
  availability_zone: string;
  /** The zone that was asked for; null when none was. */
  pinned_availability_zone: string | null;
  flavor_id: string;
  /** The flavor as it was: JSON of `FlavorSnapshot`. */
  flavor: string;
  vcpus: number;
  memory_mb: number;
  image_id: string;
  kernel_id: string;
  ramdisk_id: string;
  /** What the image said of itself: JSON. */
  image_properties: string;
  /** What it boots from, and what it is told about itself: JSON of `BootFacts`; null until its bytes are held. */
  boot: string | null;
  key_name: string | null;
  /** The key as it was: JSON of name, type and public key; null for none. */
  keypair: string | null;
  /** Base64, as it was given. */
  user_data: string | null;
  /** Files to put into the guest, below 2.57: JSON. */
  personality: string;
  /** What the guest has told as its password, encrypted for its owner; null before. */
  password: string | null;
  /** Tags of the disks that lie on the host: JSON of `DiskTags`. */
  disk_tags: string;
  config_drive: Flag;
  access_ip_v4: string;
  access_ip_v6: string;
  disk_config: 'AUTO' | 'MANUAL';
  /** JSON of strings. */
  metadata: string;
  /** `,a,b,` in order, so that one can be looked for with `like`; ',' when there are none. */
  tags: string;
  scheduler_hints: string;
  trusted_image_certificates: string | null;
  /** The last error: JSON of `ServerFault`; null when there was none. */
  fault: string | null;
  /** What the guest should be doing. */
  power: 'running' | 'paused' | 'stopped';
  reboot_count: number;
  reboot_type: 'soft' | 'hard';
  created_at: string;
  updated_at: string;
  launched_at: string | null;
  terminated_at: string | null;
  deleted: Flag;
  revision_number: number;
}

/** One virtual network card of a server. */
export interface InterfacesTable {
  port_id: string;
  server_id: string;
  network_id: string;
  mac: string;
  mtu: number;
  /** The PCI slot, 0 to 27; chosen once. */
  slot: number;
  /** The order in which cards were attached. */
  position: number;
  tag: string | null;
  /** The port was there before the server and stays when it goes. */
  preserve_on_delete: Flag;
  state: 'attaching' | 'attached' | 'detaching';
}

export interface FlavorsTable {
  /** As the API shows it. */
  id: string;
  /** Nova's internal number, which some of its texts show. */
  number: number;
  name: string;
  vcpus: number;
  /** In MiB. */
  ram: number;
  /** In GiB. */
  disk: number;
  /** In GiB. */
  ephemeral: number;
  /** In MiB. */
  swap: number;
  /** A decimal number as text. */
  rxtx_factor: string;
  is_public: Flag;
  disabled: Flag;
  description: string | null;
  /** JSON of strings. */
  extra_specs: string;
  created_at: string;
}

export interface FlavorAccessTable {
  flavor_id: string;
  project_id: string;
}

/** One thing that was asked of a server. Kept after the server is gone. */
export interface InstanceActionsTable {
  server_id: string;
  request_id: string;
  action: string;
  user_id: string;
  project_id: string;
  start_time: string;
  /** Null while it is under way. */
  finish_time: string | null;
  /** `Error` when it failed, otherwise null. */
  message: string | null;
  /** The event as Nova names it, such as `compute__do_build_and_run_instance`. */
  event: string;
  host: string;
  /** Why it failed, for the tenant. */
  details: string | null;
}

/** A host that has ever had an agent here, with its compute service. */
export interface ComputeNodesTable {
  host: string;
  /** The hypervisor's id, and that of its resource provider: a UUID. */
  id: string;
  /** The hypervisor's and the service's id below microversion 2.53. */
  number: number;
  /** The compute service's id: a UUID. */
  service_id: string;
  /** What its agent last said of it: JSON of `HostFacts`. */
  facts: string;
  /** No new servers are put here. */
  disabled: Flag;
  disabled_reason: string | null;
  forced_down: Flag;
  created_at: string;
  updated_at: string;
}

export interface ComputeTables {
  servers: ServersTable;
  interfaces: InterfacesTable;
  flavors: FlavorsTable;
  flavor_access: FlavorAccessTable;
  instance_actions: InstanceActionsTable;
  compute_nodes: ComputeNodesTable;
}
