/* What libyaml finds wrong, in words for the person who wrote the file. */
#ifndef AXOND_GRAPH_SYNTAX_H
#define AXOND_GRAPH_SYNTAX_H

#include <stdbool.h>

struct errors;
struct source;
struct yaml_mark_s;
struct yaml_parser_s;

/* Makes lines and columns that count from 1 of libyaml's, which count from 0, and which at the end
 * of a file without a final newline are on a line that is not there. */
void syntax_place(const struct source *source, const struct yaml_mark_s *mark, unsigned *line,
                  unsigned *column);

/* Reports why yaml_parser_parse() has failed.  Returns false. */
bool syntax_report(const struct yaml_parser_s *parser, const struct source *source,
                   struct errors *errors);

#endif
