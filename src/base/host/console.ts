/** The two ways to sit in front of a guest: its screen, by the RFB protocol of VNC, and its serial port, byte by byte. */
export type ConsoleType = 'vnc' | 'serial';

/** One guest's console. */
export type ConsoleRef = { readonly server: string; readonly type: ConsoleType };
