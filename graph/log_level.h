/* How much what is logged matters, as syslog(3) and journald number it: less is more important. */
#ifndef AXOND_GRAPH_LOG_LEVEL_H
#define AXOND_GRAPH_LOG_LEVEL_H

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

#endif
