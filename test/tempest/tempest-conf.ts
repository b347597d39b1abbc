/** The `tempest.conf` of a cloud: what it has, what it can, and how long guests on emulated processors may take. */
import type { CloudFacts } from './cloud-facts.ts';

type Section = Readonly<Record<string, string | number | boolean>>;

/** Seconds. */
const GUEST_COMES = 180;
const NETWORK_COMES = 60;

/** `home`: where Tempest keeps its locks and log. */
export function tempestConf(facts: CloudFacts, home: string): string {
  const { url, publicNetwork } = facts;
  const sections: Readonly<Record<string, Section>> = {
    DEFAULT: { log_dir: home, log_file: 'tempest.log', debug: true },
    oslo_concurrency: { lock_path: `${home}/locks` },
    auth: {
      use_dynamic_credentials: true,
      create_isolated_networks: true,
      admin_username: 'admin',
      admin_password: facts.adminPassword,
      admin_project_name: 'admin',
      admin_domain_name: 'Default',
      admin_system: 'all',
    },
    identity: { uri_v3: `${url}/identity/v3`, auth_version: 'v3', region: 'RegionOne' },
    'identity-feature-enabled': { api_v2: false, api_v3: true, application_credentials: false },
    compute: {
      image_ref: facts.image,
      image_ref_alt: facts.imageAlt,
      flavor_ref: facts.flavor,
      flavor_ref_alt: facts.flavorAlt,
      min_microversion: '2.1',
      max_microversion: facts.maxMicroversion,
      build_timeout: GUEST_COMES,
      build_interval: 1,
      ready_wait: 0,
    },
    'compute-feature-enabled': {
      console_output: facts.realGuests,
      vnc_console: facts.realGuests,
      serial_console: facts.realGuests,
      config_drive: true,
      metadata_service: true,
      interface_attach: true,
      pause: true,
      resize: false,
      suspend: false,
      shelve: false,
      snapshot: false,
      rescue: false,
      live_migration: false,
      cold_migration: false,
      attach_encrypted_volume: false,
      swap_volume: false,
      personality: true,
    },
    network: {
      ...(publicNetwork && {
        public_network_id: publicNetwork.id,
        floating_network_name: publicNetwork.name,
      }),
      project_network_cidr: '10.100.0.0/16',
      project_network_mask_bits: 28,
      build_timeout: NETWORK_COMES,
      build_interval: 1,
    },
    'network-feature-enabled': {
      api_extensions: facts.networkExtensions.join(','),
      ipv6: true,
      ipv6_subnet_attributes: true,
      port_admin_state_change: true,
      port_security: true,
      floating_ips: publicNetwork !== null,
    },
    validation: {
      run_validation: facts.realGuests && publicNetwork !== null,
      connect_method: 'floating',
      auth_method: 'keypair',
      image_ssh_user: 'root',
      image_alt_ssh_user: 'root',
      ping_timeout: GUEST_COMES,
      connect_timeout: 60,
      ssh_timeout: GUEST_COMES,
      ssh_key_type: 'ecdsa',
    },
    scenario: { dhcp_client: 'udhcpc' },
    neutron_plugin_options: {
      agent_availability_zone: 'nova',
      l3_agent_mode: 'legacy',
      is_igmp_snooping_enabled: false,
      specify_floating_ip_address_available: true,
    },
    service_available: {
      nova: true,
      glance: true,
      neutron: true,
      cinder: false,
      swift: false,
      horizon: false,
    },
  };
  return Object.entries(sections)
    .map(([name, options]) => {
      const lines = Object.entries(options).map(([key, value]) => `${key} = ${String(value)}\n`);
      return `[${name}]\n${lines.join('')}`;
    })
    .join('\n');
}
