<?php
/**
 * Plugin Name: Geo WordPress: mail
 * Description: Sends all mail through the server that the stack configures (docs/mail.md), over TLS with a verified certificate and never without. Without a server no mail leaves: the image has no sendmail, and the dashboard says that mail is off.
 *
 * wp-config.php defines GEO_WORDPRESS_MAIL_HOST, _CERTIFICATE, _PORT, _USER, _FROM and _FROM_NAME; the password is in the environment.
 * It is not defined as a constant, because plugins list those. On a staging site geo-staging.php says that there is no mail.
 */

/** How long a connection, and each answer of the server, may take. The page of whoever caused the mail waits for it. */
const GEO_WORDPRESS_MAIL_SECONDS = 15;

/** @param PHPMailer\PHPMailer\PHPMailer $mailer */
function geo_wordpress_mail_by_smtp( $mailer ): void {
	$mailer->isSMTP();
	$mailer->Host = GEO_WORDPRESS_MAIL_HOST;
	$mailer->Port = GEO_WORDPRESS_MAIL_PORT;
	// 'tls' is STARTTLS: PHPMailer sends nothing if the server does not offer it.
	$mailer->SMTPSecure  = 465 === GEO_WORDPRESS_MAIL_PORT ? 'ssl' : 'tls';
	$mailer->SMTPOptions = array(
		'ssl' => array(
			'verify_peer'       => true,
			'verify_peer_name'  => true,
			'allow_self_signed' => false,
			'peer_name'         => GEO_WORDPRESS_MAIL_CERTIFICATE, // the host, unless that is an address
		),
	);
	$mailer->SMTPAuth    = '' !== GEO_WORDPRESS_MAIL_USER;
	$mailer->Username    = GEO_WORDPRESS_MAIL_USER;
	$mailer->Password    = (string) getenv( 'GEO_WORDPRESS_MAIL_PASSWORD' );
	$mailer->Timeout     = GEO_WORDPRESS_MAIL_SECONDS;
	$mailer->getSMTPInstance()->Timelimit = GEO_WORDPRESS_MAIL_SECONDS;
	// Otherwise the name of the request's Host header, which a stranger chooses.
	$mailer->Hostname = substr( strrchr( GEO_WORDPRESS_MAIL_FROM, '@' ), 1 );
}

/**
 * Lets mail fail at once that would go to sendmail. A plugin of the site that sends by a way of its own is left alone.
 *
 * @param PHPMailer\PHPMailer\PHPMailer $mailer
 */
function geo_wordpress_no_mail( $mailer ): void {
	if ( in_array( $mailer->Mailer, array( 'mail', 'sendmail', 'qmail' ), true ) ) {
		$mailer->isSMTP();
		$mailer->Host = ''; // PHPMailer refuses an empty host without connecting to anything
	}
}

/** Shows what is missing to whoever can have it changed. */
function geo_wordpress_no_mail_notice(): void {
	$screen = get_current_screen();
	if ( ! $screen || 'dashboard' !== $screen->id || ! current_user_can( 'manage_options' ) ) {
		return;
	}
	printf(
		'<div class="notice notice-warning geo-wordpress-mail"><p>%s</p></div>',
		esc_html(
			'This site cannot send mail: nobody can reset a password, and nobody is told of comments. ' .
			'To let it, set mail and mailPassword in the configuration of the stack and run pulumi up (docs/mail.md).'
		)
	);
}

if ( defined( 'GEO_WORDPRESS_MAIL_HOST' ) ) {
	// Before the site's own plugins, which may know better.
	add_action( 'phpmailer_init', 'geo_wordpress_mail_by_smtp', PHP_INT_MIN );
	// After all others: the server takes mail from this sender only.
	add_filter( 'wp_mail_from', fn() => GEO_WORDPRESS_MAIL_FROM, PHP_INT_MAX );
	if ( '' !== GEO_WORDPRESS_MAIL_FROM_NAME ) {
		// 'WordPress' is the name of mail whose author has chosen none.
		add_filter( 'wp_mail_from_name', fn( $name ) => 'WordPress' === $name ? GEO_WORDPRESS_MAIL_FROM_NAME : $name );
	}
} else {
	add_action( 'phpmailer_init', 'geo_wordpress_no_mail', PHP_INT_MAX );
	add_action( 'admin_notices', 'geo_wordpress_no_mail_notice' );
}

add_action(
	'wp_mail_failed',
	function ( $error ) {
		$why = defined( 'GEO_WORDPRESS_MAIL_HOST' ) ? $error->get_error_message() : 'mail is off (docs/mail.md): ' . $error->get_error_message();
		error_log( 'geo-wordpress: mail was not sent: ' . $why );
	}
);
