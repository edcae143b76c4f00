package main

import (
	"context"
	"crypto/rand"
	"errors"

	"rosterd/actors"
	"rosterd/delivery"
	"rosterd/workspace"
)

// A carrier joins the couriers to the transports of package delivery.
type carrier struct {
	hooks        *delivery.Webhooks
	mailer       *delivery.Mailer // nil: no mail server is configured
	couriers     *actors.Couriers
	allowPrivate bool
}

// newCarrier opens the transports that cfg names. An error is a mistake of the
// configuration.
func newCarrier(cfg *config) (*carrier, error) {
	version, _ := buildInfo()
	c := &carrier{
		hooks:        delivery.NewWebhooks(delivery.Config{AllowPrivate: cfg.webhookAllowPrivate, UserAgent: "rosterd/" + version}),
		allowPrivate: cfg.webhookAllowPrivate,
	}
	if cfg.smtpURL == "" {
		return c, nil
	}
	var err error
	c.mailer, err = delivery.NewMailer(delivery.MailConfig{URL: cfg.smtpURL, From: cfg.mailFrom})
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// Hook implements actors.Deliverer.
func (c *carrier) Hook(ctx context.Context, h actors.Hook) error {
	return undelivered(c.hooks.Deliver(ctx, delivery.Hook{URL: h.URL, Secrets: h.Secrets, ID: h.ID, At: h.At, Body: h.Body}))
}

// Mail implements actors.Deliverer.
func (c *carrier) Mail(ctx context.Context, id string, n workspace.Notice) error {
	l, err := letter(id, n)
	if err != nil {
		return err
	}
	return undelivered(c.mailer.Send(ctx, l))
}

// Mails implements actors.Deliverer.
func (c *carrier) Mails() bool { return c.mailer != nil }

// undelivered tells couriers what a transport's error means to them.
func undelivered(err error) error {
	var e *delivery.Error
	if !errors.As(err, &e) {
		return err
	}
	return &actors.Undelivered{Permanent: e.Permanent, RetryAfter: e.RetryAfter, Reason: e.Text}
}

// CheckURL implements httpapi.Webhooks.
func (c *carrier) CheckURL(url string) error { return delivery.CheckURL(url, c.allowPrivate) }

// NewSecret implements httpapi.Webhooks.
func (c *carrier) NewSecret() string {
	var entropy [32]byte
	rand.Read(entropy[:]) // never fails (crypto/rand)
	return delivery.NewSecret(entropy[:])
}

// Replay implements httpapi.Webhooks.
func (c *carrier) Replay(ctx context.Context, ws workspace.ID, id string) (delivered, dead int, err error) {
	return c.couriers.Replay(ctx, ws, id)
}
