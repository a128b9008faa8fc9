package dev.wanllmdb;

/**
 * What is wrong with one field of a request, or with one place of a config.
 *
 * @param field the path of the field: "rows[0].step", or "parameters.lr.min" of a config
 * @param description what is wrong
 * @param line the line in a config as text, from 1; 0 for no single place
 * @param column the column in that line, from 1; 0 for no single place
 */
public record FieldProblem(String field, String description, int line, int column) {}
