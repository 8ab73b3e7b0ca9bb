"""The exchange's application, and how requests reach it: in the process or over a socket."""
