package server_test

import (
	"net/http"
	"strings"
	"testing"

	"sotto/linking"
	"sotto/server/dev"
)

// TestALinkThatStartsFromAChatEndsWithACodeOnAPage walks from the address that a chat was given to the code.
func TestALinkThatStartsFromAChatEndsWithACodeOnAPage(t *testing.T) {
	h := openHouse(t, t.TempDir())
	chat := linking.Chat{Client: h.Dev().Clients["google"].ID, ID: "session-1"}
	address, err := h.InviteURL(t.Context(), chat, "pt-BR")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(address, h.PublicURL())
	status, header, page := h.ask(t, http.MethodGet, path, "", nil)
	if status != http.StatusOK || !strings.Contains(page, `id="chat"`) || header.Get("Content-Language") != "pt-BR" {
		t.Fatalf("the address shows %d in %s: %s", status, header.Get("Content-Language"), page)
	}
	customer, err := h.Dev().Customer("albion", "ada")
	if err != nil {
		t.Fatal(err)
	}
	ada := dev.Person{Bank: "albion", Customer: customer, Now: h.Now}
	shown, err := ada.LinkChat(t.Context(), address)
	if err != nil || len(shown.Digits) != 6 || shown.Back != "" {
		t.Fatalf("got %+v, %v", shown, err)
	}
	if err := h.Confirm(t.Context(), chat, shown.Digits); err != nil {
		t.Error(err)
	}
	if status, _, page := h.ask(t, http.MethodGet, path, "", map[string]string{"Accept": "text/html"}); status != http.StatusBadRequest || !strings.Contains(page, "ste endereço não vale mais") {
		t.Errorf("a spent address shows %d: %s", status, page)
	}
	if strings.Contains(h.log.String(), shown.Digits) || strings.Contains(h.log.String(), chat.ID) || strings.Contains(h.log.String(), path) {
		t.Error("the log holds the code, the chat or the address")
	}

	ada.No = true
	if address, err = h.InviteURL(t.Context(), chat, "en-GB"); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.LinkChat(t.Context(), address); err == nil || !strings.Contains(err.Error(), "Nothing was linked") {
		t.Errorf("a no ends with %v", err)
	}
}
