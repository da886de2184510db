<?php
/**
 * Gives visitors' pages the data of the region's own TiKV, some seconds old, so that they wait for no other region: stale
 * reads (visitor-db.php). wp-config.php includes this file, before the first statement.
 *
 * A visitor requests a page by GET or HEAD and has nothing of his own on it. Every other request reads the newest data,
 * and so does everything after the first write.
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

if ( geo_wordpress_visits( $_SERVER, $_GET, $_COOKIE ) ) {
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
} elseif ( isset( $_SERVER['REQUEST_METHOD'] ) && ! in_array( $_SERVER['REQUEST_METHOD'], array( 'GET', 'HEAD', 'OPTIONS' ), true ) ) {
	setcookie(
		GEO_WORDPRESS_WROTE,
		'1',
		array(
			'expires'  => time() + GEO_WORDPRESS_STALENESS + 5,
			'path'     => '/',
			'httponly' => true,
			'samesite' => 'Lax',
		)
	);
}
