<?php
/**
 * Plugin Name: Geo WordPress: options in one statement
 * Description: WordPress asks one by one for the options that it does not load with all others, whether they exist or not, and each question may go to another region. This asks for those that every page needs at once, for this request only.
 */
if ( function_exists( 'wp_prime_option_caches' ) && ! is_multisite() && ! wp_installing() ) {
	$geo_wordpress_options = array( 'WPLANG', 'theme_switched', 'can_compress_scripts', 'site_logo' );
	if ( is_admin() ) {
		array_push(
			$geo_wordpress_options,
			'db_upgraded',
			'_site_transient_update_plugins',
			'_site_transient_update_themes',
			'_site_transient_update_core',
			'_transient_health-check-site-status-result',
			'_transient_timeout_health-check-site-status-result',
			'finished_updating_comment_type',
			'dismissed_update_core',
			'auto_core_update_failed',
			'user_count'
		);
	}
	wp_prime_option_caches( $geo_wordpress_options );
	unset( $geo_wordpress_options );
}
