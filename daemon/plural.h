/* "1 connection", "2 connections": the s, for whatever is counted.  Evaluates count once. */
#ifndef AXOND_DAEMON_PLURAL_H
#define AXOND_DAEMON_PLURAL_H

#define PLURAL(count) ((count) == 1 ? "" : "s")

#endif
