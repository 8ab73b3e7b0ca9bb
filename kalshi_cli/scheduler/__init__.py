"""When steps run: lanes that never wait for each other, on a real or a virtual clock."""
