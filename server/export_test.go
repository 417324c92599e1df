package server

import (
	"context"

	"sotto/linking"
)

// InviteURL is what a chat is told to open.
func (s *Server) InviteURL(ctx context.Context, chat linking.Chat, locale string) (string, error) {
	return s.inviteURL(ctx, chat, locale)
}

// Confirm takes a code that was typed in a chat.
func (s *Server) Confirm(ctx context.Context, chat linking.Chat, code string) error {
	_, err := s.authority.Confirm(ctx, chat, linking.ChatCode(code))
	return err
}
