/* What libyaml finds wrong, in words for the person who wrote the file. */
#ifndef AXOND_GRAPH_SYNTAX_H
#define AXOND_GRAPH_SYNTAX_H

#include <stdbool.h>

struct errors;
struct source;
struct yaml_parser_s;

/* Reports why yaml_parser_parse() has failed.  Returns false. */
bool syntax_report(const struct yaml_parser_s *parser, const struct source *source,
                   struct errors *errors);

#endif
