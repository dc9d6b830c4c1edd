/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is it JSON, is it DOT? Just enough of a parser to say so.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>

/* Lines of JSON values, by RFC 8259. */
bool parse_json(const char *text);

/**
 * struct dot - a graph in the language of Graphviz
 * @nodes: nodes that are declared
 * @edges: edges
 * @loose: ends of edges that are not declared
 */
struct dot {
	int nodes;
	int edges;
	int loose;
};

/* One directed graph of statements that end with ';', without subgraphs. */
bool parse_dot(const char *text, struct dot *dot);

#endif /* PARSE_H */
