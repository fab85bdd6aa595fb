/* axonctl metrics: what Prometheus would scrape. */
#include "daemon/ctl.h"

const char *const ctl_metrics_formats[] = {"text", "openmetrics", NULL};

enum ctl_status ctl_run_metrics(struct ctl *ctl)
{
    const char *format = ctl_value(ctl, "format");

    return ctl_in_parts(ctl, "Metrics",
                        format != NULL ? json_pack("{s:s}", "format", format) : NULL);
}
