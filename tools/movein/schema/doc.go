// Package schema rewrites the CREATE TABLE of a MySQL or MariaDB for TiDB. What TiDB's parser does not know is removed from
// the tokens; the rest is changed in the parser's tree, so the result is something that TiDB understands.
package schema
