<?php
/**
 * Tells visitors' requests from all others. wp-config.php includes this file, before the first statement, and defines what
 * follows for visitors' pages:
 *
 * GEO_WORDPRESS_STALENESS: they have the data of the region's own TiKV, some seconds old, and wait for no other region
 * (stale reads, visitor-db.php). Every other request reads the newest data, and so does everything after the first write.
 * GEO_WORDPRESS_PAGE_SECONDS: Cloud CDN may keep them, and nothing else (visitor-cache.php).
 *
 * A visitor requests a page by GET or HEAD and has nothing of his own on it.
 */

/** Parameters that make a page somebody's own, or for which a plugin writes. */
const GEO_WORDPRESS_OWN_PARAMETERS = array(
	'preview', 'preview_id', 'customize_changeset_uuid', 'rest_route', 'unapproved', 'moderation-hash', '_wpnonce', 'key',
	'add-to-cart', 'remove_item', 'undo_item', 'wc-ajax', 'wc-api', 'edd_action',
);

/** Cookies that say who somebody is: signed in, with a password for a post, with a comment, with a cart. */
const GEO_WORDPRESS_OWN_COOKIES = '/^(wordpress_(?!test_cookie$)|wp-postpass_|comment_author_|woocommerce_|wp_woocommerce_|edd_|geo_wordpress_wrote$|(?!_).*(session|sessid|cart|auth))/i';

/** The cookie of somebody who has just sent something. He must see it, although he is not signed in. */
const GEO_WORDPRESS_WROTE = 'geo_wordpress_wrote';

/** Says whether a request is a visitor's. The arguments are $_SERVER, $_GET and $_COOKIE. */
function geo_wordpress_visits( array $server, array $get, array $cookies ): bool {
	// Every page for visitors is made by index.php. Signing in, the dashboard, the cron and comments have other scripts.
	return in_array( $server['REQUEST_METHOD'] ?? '', array( 'GET', 'HEAD' ), true )
		&& '/index.php' === ( $server['SCRIPT_NAME'] ?? '' )
		&& ! preg_match( '~^(/+index\.php)?/+wp-json(/|\?|$)~', rawurldecode( $server['REQUEST_URI'] ?? '' ) )
		// WordPress's .htaccess sets the first one on every request, usually to nothing.
		&& '' === ( $server['HTTP_AUTHORIZATION'] ?? '' ) . ( $server['PHP_AUTH_USER'] ?? '' )
		&& ! array_intersect_key( $get, array_flip( GEO_WORDPRESS_OWN_PARAMETERS ) )
		&& ! preg_grep( GEO_WORDPRESS_OWN_COOKIES, array_map( 'strval', array_keys( $cookies ) ) );
}

/** Says whether a statement only reads, and takes no locks. When in doubt, it does not. */
function geo_wordpress_reads( string $query ): bool {
	return preg_match( '~^(?:[\s(]|/\*(?!!).*?\*/|--\s[^\n]*\n|\#[^\n]*\n)*+(?:SELECT|SHOW|DESCRIBE|DESC|EXPLAIN|WITH)\b~is', $query )
		&& ! preg_match( '~\bFOR\s+(?:UPDATE|SHARE)\b|\bLOCK\s+IN\b|\bINTO\s+(?:OUTFILE|DUMPFILE|@)|:=|\b(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|IS_FREE_LOCK|IS_USED_LOCK|LAST_INSERT_ID|ROW_COUNT|NEXTVAL|SETVAL)\s*\(|\bEXPLAIN\s+ANALYZE\b|^\W*WITH\b.*\b(?:UPDATE|DELETE|INSERT)\b~is', $query );
}

/** Lets all statements of this request be stale reads. */
function geo_wordpress_read_stale(): void {
	// WordPress applies this filter when $wpdb is connected, before the first statement.
	$GLOBALS['wp_filter']['enable_loading_object_cache_dropin'][10]['geo_wordpress'] = array(
		'accepted_args' => 1,
		'function'      => function ( $enabled ) {
			global $wpdb;
			// A cache that outlives the request would keep old data for longer. A db.php of the site's own may have
			// connections of its own.
			if ( 'wpdb' === get_class( $wpdb ) && ! file_exists( WP_CONTENT_DIR . '/object-cache.php' ) ) {
				require_once '/etc/geo-wordpress/visitor-db.php';
				$wpdb = Geo_WordPress_Visitor_DB::from( $wpdb );
			}
			return $enabled;
		},
	);
}

/** Gives whoever sends something pages of his own, until visitors' pages have what he has sent. */
function geo_wordpress_wrote(): void {
	$seconds = defined( 'GEO_WORDPRESS_STALENESS' ) ? GEO_WORDPRESS_STALENESS + 5 : 0;
	if ( defined( 'GEO_WORDPRESS_PAGE_SECONDS' ) ) {
		// Cloud CDN's copy of a page that hardly anybody visits is renewed only after a visit.
		$seconds = max( $seconds, 600 );
	}
	setcookie(
		GEO_WORDPRESS_WROTE,
		'1',
		array(
			'expires'  => time() + $seconds,
			'path'     => '/',
			'httponly' => true,
			'samesite' => 'Lax',
		)
	);
}

( function (): void {
	$visits = geo_wordpress_visits( $_SERVER, $_GET, $_COOKIE );
	if ( $visits && defined( 'GEO_WORDPRESS_STALENESS' ) ) {
		geo_wordpress_read_stale();
	}
	if ( ! $visits && ! in_array( $_SERVER['REQUEST_METHOD'] ?? 'GET', array( 'GET', 'HEAD', 'OPTIONS' ), true ) ) {
		geo_wordpress_wrote();
	}
	if ( defined( 'GEO_WORDPRESS_PAGE_SECONDS' ) ) {
		require_once __DIR__ . '/visitor-cache.php';
		geo_wordpress_cache( $visits );
	}
} )();
