package movein

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The address of the old site.
const address = "https://old.example.com"

// wordpress is WordPress's code, for a database.
type wordpress struct{ dir string }

// newWordPress copies Debian's WordPress, whose files are links.
func newWordPress(t *testing.T) wordpress {
	t.Helper()
	w := wordpress{filepath.Join(t.TempDir(), "html")}
	copied := exec.Command("cp", "--recursive", "--dereference", bin(t, "unstable/usr/share/wordpress"), w.dir)
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", copied, err, out)
	}
	return w
}

// configure makes it use a database.
func (w wordpress) configure(t *testing.T, host, prefix, collation, extra string) {
	t.Helper()
	config := sprint(`<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', '%s' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '%s' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
$table_prefix = '%s';
%s
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`, host, collation, prefix, extra)
	if err := os.WriteFile(filepath.Join(w.dir, "wp-config.php"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
}

// php runs code in WordPress and decodes the JSON that it prints into result.
func (w wordpress) php(t *testing.T, before, code string, result any) {
	t.Helper()
	var out, problems bytes.Buffer
	command := exec.Command("php", "-d", "sendmail_path=/bin/true", "-r", before+sprint(`
		$_SERVER['HTTP_HOST'] = 'old.example.com'; $_SERVER['HTTPS'] = 'on';
		require '%s/wp-load.php';
		function answer( $value ) { fwrite( STDOUT, "\0" . json_encode( $value ) ); }
		global $wpdb;
		`, w.dir)+code)
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("php: %v\n%s%s", err, out.Bytes(), problems.Bytes())
	}
	_, answer, _ := bytes.Cut(out.Bytes(), []byte{0})
	if err := json.Unmarshal(answer, result); err != nil {
		t.Fatalf("php: %v\n%s%s", err, out.Bytes(), problems.Bytes())
	}
}

const installer = `
	require ABSPATH . 'wp-admin/includes/upgrade.php';
	wp_install( 'Müllers Seite', 'Jürgen', 'a@example.com', true, '', 'geheim-7' );
	update_option( 'siteurl', 'https://old.example.com' );
	update_option( 'home', 'https://old.example.com' );
	update_option( 'geo_serialised', array( 'ü' => 'https://old.example.com/ä?b=1', 'n' => array( 1, "a'b\"c\\d\n\0e😀" ) ) );
	wp_create_user( 'leser', 'geheim-8', 'b@example.com' );
	answer( $wpdb->last_error );
`

// The same questions are asked on MariaDB and on TiDB.
const questions = `
	$user   = wp_authenticate( 'Jürgen', 'geheim-7' );
	$reader = get_user_by( 'login', 'leser' );
	answer( array(
		'login'      => is_wp_error( $user ) ? $user->get_error_message() : $user->ID,
		'admin'      => ! is_wp_error( $user ) && user_can( $user, 'manage_options' ),
		'reader'     => user_can( $reader, 'read' ) && ! user_can( $reader, 'edit_posts' ),
		'serialised' => get_option( 'geo_serialised' ),
		'emoji'      => array( get_option( 'emoji_😀' ), get_option( 'emoji_😁' ) ),
		'meta'       => get_post_meta( 777, 'geo_meta', true ),
		'title'      => get_post( 777 )->post_title,
		'posts'      => array_sum( (array) wp_count_posts() ),
		'search'     => count( get_posts( array( 's' => 'Übergröße 777', 'numberposts' => 5 ) ) ),
		'error'      => $wpdb->last_error,
	) );
`
