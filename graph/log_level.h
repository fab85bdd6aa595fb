/* How important a log line is. */
#ifndef AXOND_GRAPH_LOG_LEVEL_H
#define AXOND_GRAPH_LOG_LEVEL_H

/* As syslog(3) and journald number them: less is more important. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

#endif
