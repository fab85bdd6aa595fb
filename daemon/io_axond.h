/* The description of the interface io.axond: the text of io.axond.varlink, made into C by CMake. */
#ifndef DAEMON_IO_AXOND_H
#define DAEMON_IO_AXOND_H

extern const char io_axond_description[];

#endif
