<?php
/**
 * Plugin Name: Geo WordPress: staging
 * Description: This site is a copy of another one (staging in the stack's configuration). It sends no mail, since its users are the other site's, and no search engine may list it.
 */

/**
 * Replaces WordPress's function, whatever plugin would: a plugin that sends by HTTPS replaces it too, but is loaded later.
 *
 * @param string|string[] $to
 * @param string          $subject
 */
function wp_mail( $to, $subject, $message, $headers = '', $attachments = array(), $embeds = array() ) {
	error_log( 'geo-wordpress: mail was not sent, because this is a staging site: ' . wp_strip_all_tags( (string) $subject, true ) );
	return false;
}

if ( ! headers_sent() ) {
	header( 'X-Robots-Tag: noindex, nofollow' );
}
// WordPress's own robots.txt needs permalinks, and allows most of a site that is not public.
if ( '/robots.txt' === strtok( $_SERVER['REQUEST_URI'] ?? '', '?' ) ) {
	header( 'Content-Type: text/plain; charset=utf-8' );
	exit( "User-agent: *\nDisallow: /\n" );
}
add_filter( 'pre_option_blog_public', fn() => '0', PHP_INT_MAX );

remove_action( 'admin_notices', 'geo_wordpress_no_mail_notice' );
add_action(
	'admin_notices',
	function () {
		$screen = get_current_screen();
		if ( $screen && 'dashboard' === $screen->id ) {
			printf(
				'<div class="notice notice-warning geo-wordpress-staging"><p>%s</p></div>',
				esc_html( 'This is a staging site, a copy of another one. It sends no mail, and search engines do not list it.' )
			);
		}
	}
);
