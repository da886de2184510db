<?php
/**
 * Tells Cloud CDN which pages it may keep: those that WordPress makes for visitors. visitor.php includes this file.
 *
 * The pages have an age for browsers and caches alike (max-age). Cloud CDN serves no answer stale that has one for shared
 * caches alone (s-maxage), and it must, while the regions fail.
 */

/**
 * Returns the Cache-Control for an answer; null keeps the one that WordPress or a plugin has set.
 *
 * Redirects and errors are not kept: they may depend on the request, and a page that appears must not answer 404. Of the
 * pages only HTML is: a feed has validators, and its readers come back after hours.
 *
 * @param bool  $visits  whether the request is a visitor's
 * @param int   $status  the answer's status
 * @param array $headers the answer's headers, as headers_list() has them
 * @param bool  $own     whether WordPress or a plugin says that the page must not be kept
 */
function geo_wordpress_cache_control( bool $visits, int $status, array $headers, bool $own ): ?string {
	$has = array();
	foreach ( $headers as $header ) {
		[ $name, $value ]            = explode( ':', $header, 2 ) + array( 1 => '' );
		$has[ strtolower( $name ) ] = trim( $value );
	}
	if ( isset( $has['cache-control'] ) ) {
		return null;
	}
	if ( $visits && ! $own && 200 === $status && ! isset( $has['set-cookie'] ) && 0 === stripos( $has['content-type'] ?? '', 'text/html' ) ) {
		return 'public, max-age=' . GEO_WORDPRESS_PAGE_SECONDS;
	}
	// Whoever has an answer with validators may ask whether it is still right.
	return isset( $has['etag'] ) || isset( $has['last-modified'] ) ? 'private, no-cache' : 'private, no-store';
}

/** Says whether WordPress or a plugin wants the page not to be kept. DONOTCACHEPAGE is what all plugins for caching go by. */
function geo_wordpress_own_page(): bool {
	if ( defined( 'DONOTCACHEPAGE' ) && DONOTCACHEPAGE ) {
		return true;
	}
	// Before the page's query, WordPress has not loaded all of these functions. It ends there with a redirect to its
	// installation, for example.
	return function_exists( 'did_action' ) && ( ! did_action( 'wp' ) || is_user_logged_in() || is_singular() && post_password_required() );
}

/** Decides on the headers when the page is complete: until then, it can fail, or a plugin can object. */
function geo_wordpress_cache( bool $visits ): void {
	if ( $visits ) {
		ob_start( null, 4 << 20 ); // more is a download, which would not fit into the memory
	}
	header_register_callback(
		function () use ( $visits ) {
			$control = geo_wordpress_cache_control( $visits, (int) http_response_code(), headers_list(), $visits && geo_wordpress_own_page() );
			if ( null !== $control ) {
				header( "Cache-Control: $control" );
			}
		}
	);
}
