/** The yard and the Linux data plane against the real kernel, with and without root. */
import { dhcpChecks } from './dhcp-checks.ts';
import { dhcpv6Checks } from './dhcpv6-checks.ts';
import { linkChecks } from './link-checks.ts';
import { testSuite } from './suites.ts';
import { yardChecks } from './yard-checks.ts';

testSuite('yard', yardChecks);
testSuite('links', linkChecks);
testSuite('dhcp', dhcpChecks);
testSuite('dhcpv6', dhcpv6Checks);
